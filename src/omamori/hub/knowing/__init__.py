"""Knowing: which things there are, and what they are believed to be."""
