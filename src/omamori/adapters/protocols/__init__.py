"""Wire formats that Omamori reads and writes itself, one module per protocol."""
