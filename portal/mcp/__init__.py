"""The door for MCP clients: the plugin's operations as tools, and what one may read.

Streamable HTTP without sessions, answered as JSON within a web request.
https://modelcontextprotocol.io/specification/2025-11-25
"""
