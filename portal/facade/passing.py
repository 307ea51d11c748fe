"""What passes to the gateway: questions that change nothing, on a list of paths.

Path and query are written anew from what was understood; of the caller's headers none
is sent, and the caller's token never.
"""

from urllib.parse import urlencode

from django.http import HttpResponse

from gateway.admin_api.write import Refused
from gateway.connect import connect
from gateway.kinds import PLUGIN_NAME
from gateway.models import Gateway
from portal.facade.answers import relayed
from portal.facade.asked import Asked

PASSED = frozenset({"plugins", "schema", "configs"})
ARGUMENTS = ("all", "schema_type", "subsystem")


def passed_on(asked: Asked, gateway: Gateway) -> HttpResponse:
    """Let the gateway answer. Raises Refused for a path that is not on the list."""
    path = _path(asked)
    body = asked.content if asked.method == "POST" else None
    is_yaml = asked.header("Content-Type").startswith("application/yaml")
    with connect(gateway) as client:
        answered = client.relay(
            asked.method,
            path,
            body,
            content_type="application/yaml" if is_yaml else "application/json",
        )
    return relayed(answered)


def _path(asked: Asked) -> str:
    match asked.method, asked.parts:
        case "GET", ["plugins"] | ["plugins", _] | ["schema", _] | [
            "schema",
            "plugins" | "validate",
            _,
        ]:
            pass
        case "POST", ["schema", "validate", _] | ["configs", "validate"]:
            pass
        case "PUT", ["plugins", "reload"]:
            raise Refused(
                "Gatehouse reloads no plugins: an operator does that on the gateway.",
                status=405,
            )
        case _, ["configs", *_]:
            raise Refused("Unsupported resource type: configs", status=404)
        case _:
            raise Refused("not found", status=404)
    if not all(PLUGIN_NAME.fullmatch(part) for part in asked.parts):
        raise Refused("not found", status=404)
    query = {name: asked.text(name) for name in ARGUMENTS if name in asked.arguments}
    return "/" + "/".join(asked.parts) + (f"?{urlencode(query)}" if query else "")
