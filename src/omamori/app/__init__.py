"""Configuration, composition, command line and daemons."""
