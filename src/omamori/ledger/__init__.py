"""The append-only memory of a home and its authorities."""
