"""Which route answers a request, as APISIX decides it."""
