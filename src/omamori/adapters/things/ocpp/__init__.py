"""OCPP: car chargers, to which the hub is the server."""
