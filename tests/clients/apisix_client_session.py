"""What a person does with the package apisix-client; run by its own interpreter.

    python apisix_client_session.py DESK TOKEN write|read|delete|look

Prints one line of JSON.
"""

import json
import sys

from apisix_client import ApisixClient
from apisix_client.route.models import Route
from apisix_client.upstream.models import Node, Upstream


def main(desk: str, token: str, what: str) -> dict:
    client = ApisixClient(base_url=f"{desk}/", api_key=token)
    if what == "write":
        before = client.route.count()
        upstream = Upstream(nodes=[Node(host="127.0.0.1", port=8000, weight=1)])
        client.upstream.create_or_update(upstream, "by-apisix-client")
        route = Route(uri="/by-apisix-client/*", upstream_id="by-apisix-client")
        client.route.create_or_update(route, "by-apisix-client")
        # The draft is read back by the program that wrote it.
        drafted = client.route.get("by-apisix-client")
        listed = [one.value.id for one in client.route.get_all()]
        return {"before": before, "drafted": drafted.value.uri, "listed": listed}
    if what == "read":
        route = client.route.get("by-apisix-client")
        upstream = client.upstream.get("by-apisix-client")
        return {"uri": route.value.uri, "nodes": len(upstream.value.nodes)}
    if what == "delete":
        return {
            "route": bool(client.route.delete("by-apisix-client")),
            "upstream": bool(client.upstream.delete("by-apisix-client")),
        }
    return {"found": client.route.get("by-apisix-client") is not None}


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))  # noqa: T201
