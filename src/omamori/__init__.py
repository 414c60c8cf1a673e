"""Omamori lets everyday things of different industries be connected without fear."""
