"""The address of the door for MCP clients."""

from django.urls import path

from portal.mcp.door import mcp

app_name = "mcp"

# With a slash at its end, too, as some clients spell every address.
urlpatterns = [path("mcp", mcp), path("mcp/", mcp)]
