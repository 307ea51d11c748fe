"""Changes that come as files, and gateways that leave as such."""
