from django.apps import AppConfig


class MCPConfig(AppConfig):
    name = "portal.mcp"
    label = "mcp"
