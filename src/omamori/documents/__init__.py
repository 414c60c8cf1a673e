"""What crosses a border: every signed or standard document, parsed once from hostile bytes into a typed object."""
