"""Linking: who cooperates with whom, how far, why, and until when."""
