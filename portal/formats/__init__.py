"""How dates are written: the same everywhere, sortable, to the second."""
