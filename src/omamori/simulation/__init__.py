"""World: homes, things and industries whose clock moves only when told."""
