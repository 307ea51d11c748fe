"""Draw forms made of schemas."""

from typing import Any

from django import template

from portal.web.asking.plugin_forms import PluginForms
from portal.web.asking.schema_form.nodes import Node

register = template.Library()


@register.inclusion_tag("forms/_node.html")
def node(node: Node, plugins: PluginForms) -> dict[str, Any]:
    """Draw an input, or a group of them. The outermost has its heading elsewhere."""
    return {"node": node, "plugins": plugins, "is_top": len(node.path) == 2}


@register.filter
def errors_of(plugins: PluginForms, node: Node) -> list[str]:
    return plugins.errors.get(node.at, [])


@register.filter
def has_errors(plugins: PluginForms, node: Node) -> bool:
    """Whether something below is wrong, so that it has to be seen."""
    return any(at == node.at or at.startswith(f"{node.at}.") for at in plugins.errors)


@register.filter
def shown(plugins: PluginForms, node: Node) -> str:
    """Return what stands in an input: what was typed, where nobody could read it."""
    return plugins.typed.get(node.name, node.shown)
