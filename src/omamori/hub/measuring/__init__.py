"""Measurements on their way: whether what arrives is what was measured."""
