"""What a gateway would do with one request."""
