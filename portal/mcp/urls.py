"""The address of the door for MCP clients."""

from django.urls import path

from portal.mcp.door import mcp

app_name = "mcp"

urlpatterns = [path("mcp", mcp)]
