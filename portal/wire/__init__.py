"""What doors for programs share: what may be sent, and what is told.

No door's own: the API, MCP and whoever comes next read the same inputs, call the same
operations and tell the same answers. It knows no HTTP request.
"""
