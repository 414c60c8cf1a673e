"""Behaving: what a thing is expected to do, declared or learned, and when it departs from it."""
