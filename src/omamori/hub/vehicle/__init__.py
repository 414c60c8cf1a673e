"""The gateway of a car: what may pass between its buses."""
