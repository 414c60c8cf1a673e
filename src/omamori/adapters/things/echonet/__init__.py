"""ECHONET Lite: household appliances, heat, energy, doors and meters."""
