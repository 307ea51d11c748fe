"""Who else answers the requests of a route that changes."""
