"""Drivers: one folder per way of speaking to a thing, each reading and setting points of the hub."""
