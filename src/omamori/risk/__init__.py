"""Levels and risk of combinations; its work begins with a later issue."""
