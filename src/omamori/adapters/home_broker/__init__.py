"""The home on an MQTT broker: told as Home Assistant discovers things, asked through the arbiter."""
