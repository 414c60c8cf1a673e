"""Pages and API of each program; a page never decides."""
