"""A route as one may write it: facts from APISIX 3.18's schema of `route`.

https://apisix.apache.org/docs/apisix/admin-api/#route
"""

from typing import Any

from rest_framework import serializers

from gateway.router.index import METHODS
from portal.wire.inputs.described import KindDocument, Plugins
from portal.wire.inputs.fields import (
    Choice,
    Flag,
    Free,
    Id,
    Several,
    Text,
    Whole,
)
from portal.wire.inputs.upstream import Timeout, Upstream

TWINS = (("uri", "uris"), ("host", "hosts"), ("remote_addr", "remote_addrs"))
DESTINATIONS = ("upstream", "upstream_id", "service_id", "plugins", "script")


class Route(KindDocument):
    """Which requests it takes, what happens to them, and where they go."""

    kind = "route"

    def __init__(self, *args: Any, whole: bool = False, **options: Any) -> None:
        """With `whole` it is a new route: it needs a path, and somewhere to go."""
        super().__init__(*args, **options)
        self._whole = whole

    name = Text(
        max_length=256,
        help_text="A short name for people, such as conference.",
    )
    desc = Text(max_length=256, help_text="What it is for.")
    uri = Text(
        max_length=4096,
        help_text="The path it takes: exact (/health) or a prefix ending in * (/speaker/*). "
        "Either uri or uris.",
    )
    uris = Several(
        child=Text(max_length=4096),
        allow_empty=False,
        help_text="Several paths, instead of uri.",
    )
    methods = Several(
        child=Choice(METHODS),
        help_text='HTTP methods, such as ["GET"]; all if left out.',
    )
    host = Text(
        help_text="Only requests for this host: shop.example.com or *.example.com.",
    )
    hosts = Several(
        child=Text(),
        allow_empty=False,
        help_text="Several hosts, instead of host.",
    )
    upstream = Upstream(
        help_text="Where requests go; or name upstream_id or service_id.",
    )
    upstream_id = Id(help_text="Id of an existing upstream.")
    service_id = Id(help_text="Id of an existing service to inherit from.")
    plugins = Plugins(
        help_text='What happens to requests: {"limit-count": {"count": 100, "time_window": '
        '60, "rejected_code": 429}}. See listPlugins and getPlugin. In an update others stay; '
        '{"limit-count": null} removes one.',
    )
    plugin_config_id = Id(help_text="Id of a plugin config to take plugins from.")
    priority = Whole(
        help_text="Among routes with the same path the highest is tried first; 0 if left out.",
    )
    status = Choice(
        [0, 1],
        help_text="1: on (default). 0: off, kept but not served.",
    )
    vars = Several(
        help_text='More conditions: [["arg_version", "==", "2"]].',
    )
    remote_addr = Text(help_text="Only clients from this address or CIDR.")
    remote_addrs = Several(
        child=Text(),
        allow_empty=False,
        help_text="Several addresses or CIDRs, instead of remote_addr.",
    )
    timeout = Timeout(
        help_text="Seconds to connect, send and read; over the upstream's.",
    )
    enable_websocket = Flag(help_text="Let WebSocket through.")
    labels = Free(
        child=Text(allow_null=True),
        help_text='Key-value pairs to find it by: {"team": "events"}.',
    )
    filter_func = Text(help_text="A Lua function that decides; begins with function.")
    script = Text(help_text="A Lua script instead of plugins.")
    script_id = Id(help_text="Id of a stored script.")
    id = Id(
        help_text="Its id; chosen from its name if left out on creation.",
    )
    create_time = Whole(help_text="Read-only; ignored.")
    update_time = Whole(help_text="Read-only; ignored.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        for one, several in TWINS:
            if attrs.get(one) is not None and attrs.get(several) is not None:
                raise serializers.ValidationError(
                    {several: [f"Give either {one} or {several}, not both."]}
                )
        if self._whole:
            self._check_whole(attrs)
        return attrs

    def _check_whole(self, attrs: dict[str, Any]) -> None:
        if attrs.get("uri") is None and attrs.get("uris") is None:
            raise serializers.ValidationError(
                {"uri": ["It is missing. Give the path to take, such as /speaker/*."]}
            )
        if all(attrs.get(name) is None for name in DESTINATIONS):
            raise serializers.ValidationError(
                {
                    "upstream": [
                        'It is missing. Say where requests go, such as {"url": '
                        '"http://127.0.0.1:8000"}, or name upstream_id or service_id.'
                    ]
                }
            )
