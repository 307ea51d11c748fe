"""A service as one may write it: facts from APISIX 3.18's schema of `service`.

https://apisix.apache.org/docs/apisix/admin-api/#service
"""

from typing import ClassVar

from portal.wire.inputs.described import Described, Plugins
from portal.wire.inputs.fields import Flag, Id, Several, Text
from portal.wire.inputs.upstream import Upstream


class Service(Described):
    """What several routes share: where requests go, and what happens to them."""

    kind = "service"
    example: ClassVar = {
        "name": "speakers",
        "upstream": {"nodes": {"10.0.0.5:8000": 1}},
        "plugins": {"limit-count": {"count": 100, "time_window": 60}},
    }

    name = Text(max_length=256, help_text="A short name for people, such as speakers.")
    upstream = Upstream(help_text="Where requests go; or name upstream_id.")
    upstream_id = Id(help_text="Id of an existing upstream, instead of upstream.")
    plugins = Plugins(
        help_text="What happens to requests of all its routes; a route's own plugin of the "
        "same name wins. See listPlugins and getPlugin. In an update others stay; null "
        "removes one.",
    )
    hosts = Several(
        child=Text(),
        allow_empty=False,
        help_text="Only requests for these hosts; a route's own hosts win.",
    )
    enable_websocket = Flag(help_text="Let WebSocket through.")
    script = Text(help_text="A Lua script instead of plugins.")
