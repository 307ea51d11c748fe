"""Form fields of our own."""
