"""Askers that find things on this machine's own networks, without root."""
