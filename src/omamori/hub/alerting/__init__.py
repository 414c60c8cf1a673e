"""Alerting: what is noticed at once, and what a person should know of."""
