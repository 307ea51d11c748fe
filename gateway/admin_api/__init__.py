"""The Admin API as APISIX speaks it: what the sandbox and the façade share."""
