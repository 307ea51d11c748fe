"""Asking for a change: by forms, as JSON, by recipe, from another gateway."""
