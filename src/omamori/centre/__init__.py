"""Sharing between industries; its work begins with a later issue."""
