"""The home's rules: a table that a person can read and edit, compiled, and what it answers."""
