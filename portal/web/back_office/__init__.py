"""The Django admin as one of the doors."""
