"""Automations of a home, and where two of them are in each other's way."""
