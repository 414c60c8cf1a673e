"""Guarding: who is cut off and who reaches whom, as a desired state for the firewall."""
