"""Buses of a car: python-can on one side, plain frames on the other."""
