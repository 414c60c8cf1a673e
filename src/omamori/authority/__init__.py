"""An industry's certification authority together with its registry of levels."""
