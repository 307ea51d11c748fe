"""A plugin config as one may write it: facts from APISIX 3.18's schema of `plugin_config`.

https://apisix.apache.org/docs/apisix/admin-api/#plugin-config
"""

from typing import ClassVar

from portal.wire.inputs.described import Described, Plugins
from portal.wire.inputs.fields import Text


class PluginConfig(Described):
    """A set of plugins that routes name by plugin_config_id."""

    kind = "plugin_config"
    example: ClassVar = {
        "desc": "How often anybody may call.",
        "plugins": {"limit-count": {"count": 100, "time_window": 60}},
    }

    name = Text(max_length=256, help_text="A short name for people.")
    plugins = Plugins(
        help_text="The set: plugins by name with their settings, needed when it is created. "
        "A route's own plugin of the same name wins. null removes one.",
    )
