"""Where bytes, clocks, keys and files enter and leave; an adapter never judges."""
