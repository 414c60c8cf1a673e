"""Storage: engines behind the ports of the thinking rooms, each passing one contract."""
