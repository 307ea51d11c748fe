"""What a gateway holds, and what would happen on it."""
