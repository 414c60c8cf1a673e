"""Talking: who talks to whom, how much and when, and what of it is new."""
