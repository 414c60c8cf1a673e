"""Frames from a capture or an interface, decoded once into sightings."""
