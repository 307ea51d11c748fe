"""What the simulator tells is what the data plane does, over real HTTP."""

from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from random import Random
from typing import Any

import httpx2
import pytest

from gateway.router.match import Mode, Request
from gateway.sandbox.schemas import PLUGINS
from gateway.sandbox.store import Store
from gateway.schemas import Schemas
from gateway.simulate.plugins import PluginUse
from gateway.simulate.trace import Outcome, Simulator
from tests.gateway.sandbox.proxy.plane import Plane
from tests.gateway.sandbox.proxy.serving import Echo, Server, planing

SCHEMAS = Schemas(
    "3.18.0", {}, {name: plugin.described() for name, plugin in PLUGINS.items()}
)
# Plugins that answer by themselves, each with a status of its own.
STOPS = {
    "fault-injection": ({"abort": {"http_status": 418}}, 418),
    "mocking": ({"response_status": 207, "response_example": "{}"}, 207),
    "ip-restriction": ({"blacklist": ["127.0.0.1"]}, 403),
    "key-auth": ({}, 401),
    "redirect": ({"uri": "/elsewhere", "ret_code": 303}, 303),
}
PASSES: dict[str, list[dict[str, Any]]] = {
    "cors": [{}],
    "request-id": [{}],
    "ip-restriction": [{"whitelist": ["127.0.0.0/8"]}],
    "proxy-rewrite": [
        {"uri": "/new$uri"},
        {"regex_uri": ["^/(.)(.*)", "/$2/$1"], "host": "rewritten.example"},
        {"method": "PUT"},
        {"uri": "/r/$route_id?kept=$arg_v"},
    ],
}
HOSTS = ["a.example", "b.example", "x.b.example", "other.test"]
URIS = ["/", "/*", "/a", "/a*", "/a/*", "/a/b", "/a/b/*", "/:one", "/a/:one/b"]
CONDITIONS = [["arg_v", "==", "2"], ["http_x_beta", "~~", "^y"], ["uri", "~~", "b$"]]
PATHS = ["/", "/a", "/a/b", "/a/b/c", "/a%20b", "/a//b", "/z", "/a/z/b"]
CONFIGURATIONS, REQUESTS = 80, 6
# Shows which route answered, whoever gave the answer.
TELLING = {"response-rewrite": {"headers": {"set": {"X-Route": "$route_id"}}}}


@dataclass(frozen=True)
class Asked:
    method: str
    host: str
    target: str
    headers: dict[str, str]


class Maker:
    """Makes up configurations and requests, the same ones in every run."""

    def __init__(self, nodes: list[str]) -> None:
        self._dice = Random(128)  # noqa: S311
        self._nodes = nodes

    def configuration(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Return {kind: {id: document}}."""
        return {
            "route": {f"r{n}": self._route() for n in range(self._dice.randint(2, 9))},
            "service": {key: self._service() for key in ("s1", "s2")},
            "plugin_config": {"p1": {"plugins": self._plugins()}},
            "upstream": {key: self._upstream() for key in ("u1", "u2")},
            "global_rule": {
                "g1": {"plugins": TELLING},
                "g2": {"plugins": self._plugins() if self._happens(0.5) else {}},
            },
        }

    def request(self) -> Asked:
        pick = self._dice.choice
        return Asked(
            method=pick(["GET", "GET", "POST", "PUT"]),
            host=pick([*HOSTS, "deep.x.b.example:8080"]),
            target=pick(PATHS) + pick(["", "?v=2", "?v=1&w=%2F", "?v"]),
            headers=pick([{}, {"X-Beta": "yes"}, {"X-Beta": "no"}]),
        )

    def _happens(self, chance: float) -> bool:
        return self._dice.random() < chance

    def _route(self) -> dict[str, Any]:
        pick = self._dice.choice
        maybe = {
            "host": (0.3, lambda: pick([*HOSTS, "*.b.example", "*.example"])),
            "methods": (0.2, lambda: pick([["GET"], ["GET", "POST"], ["PUT"]])),
            "remote_addrs": (0.2, lambda: pick([["127.0.0.0/8"], ["10.0.0.1"]])),
            "vars": (0.2, lambda: [pick(CONDITIONS)]),
            "priority": (0.3, lambda: pick([-1, 1, 2])),
            "status": (0.2, lambda: pick([0, 1])),
            "service_id": (0.4, lambda: pick(["s1", "s1", "s2", "s2", "gone"])),
            "plugin_config_id": (0.2, lambda: pick(["p1", "p1", "p1", "gone"])),
            "upstream": (0.6, self._upstream),
            "upstream_id": (0.3, lambda: pick(["u1", "u1", "u1", "gone"])),
        }
        route = {
            name: make()
            for name, (chance, make) in maybe.items()
            if self._happens(chance)
        }
        plugins = self._plugins() | (self._split() if self._happens(0.3) else {})
        return {"uri": pick(URIS), **route, "plugins": plugins}

    def _service(self) -> dict[str, Any]:
        service: dict[str, Any] = {"plugins": self._plugins()}
        if self._happens(0.3):
            service["hosts"] = self._dice.sample(HOSTS, 2)
        if self._happens(0.6):
            service |= self._dice.choice(
                [{"upstream": self._upstream()}, {"upstream_id": "u2"}]
            )
        return service

    def _upstream(self) -> dict[str, Any]:
        nodes = self._dice.sample(self._nodes, self._dice.randint(1, 2))
        upstream: dict[str, Any] = {"nodes": dict.fromkeys(nodes, 1)}
        if self._happens(0.3):
            upstream["pass_host"] = "node"
        return upstream

    def _split(self) -> dict[str, Any]:
        def share() -> dict[str, Any]:
            own = {"upstream": self._upstream()} if self._happens(0.6) else {}
            return {"weight": self._dice.randint(0, 2), **own}

        rules = [{"weighted_upstreams": [share(), share()]} for _ in range(2)]
        if self._happens(0.5):
            rules[0]["match"] = [{"vars": [self._dice.choice(CONDITIONS)]}]
        # Nobody knows what becomes of a request when every weight is nought.
        for rule in rules:
            rule["weighted_upstreams"][0]["weight"] += 1
        return {"traffic-split": {"rules": rules}}

    def _plugins(self) -> dict[str, Any]:
        """Return a few plugins, more often such as let a request through."""
        plugins = {
            name: self._with_meta(self._dice.choice(told))
            for name, told in PASSES.items()
            if self._happens(0.25)
        }
        return plugins | {
            name: self._with_meta(told)
            for name, (told, _) in STOPS.items()
            if self._happens(0.06)
        }

    def _with_meta(self, conf: dict[str, Any]) -> dict[str, Any]:
        if self._happens(0.7):
            return conf
        meta = self._dice.choice(
            [
                {"disable": self._happens(0.5)},
                {"priority": self._dice.randint(-100, 12_000)},
                {"filter": [self._dice.choice(CONDITIONS)]},
            ]
        )
        return {**conf, "_meta": meta}


def simulated(store: Store, port: int, asked: Asked, mode: Mode) -> Outcome:
    held = HeldByStore(store)
    request = Request.build(
        asked.method,
        asked.target,
        headers=[("Host", asked.host), *asked.headers.items()],
        port=port,
    )
    return Simulator(held, SCHEMAS, mode=mode).run(request)


@dataclass(frozen=True)
class HeldByStore:
    store: Store

    def find(self, kind: str, resource_id: str) -> dict[str, Any] | None:
        return self.store.get(kind, resource_id)

    def documents(self, kind: str) -> dict[str, dict[str, Any]]:
        return self.store.all(kind)


def stops(use: PluginUse) -> bool:
    return (
        use.runs
        and use.name in STOPS
        and STOPS[use.name][0].items() <= use.settings.items()
    )


def check(answer: httpx2.Response, outcome: Outcome, servers: dict[int, str]) -> str:
    """Compare an answer with what was told; return what kind of answer it was."""
    refused = outcome.match is not None and outcome.proxied is None
    stopping = [use for use in outcome.plugins if stops(use)]
    if refused:
        assert f"answers {answer.status_code} and runs nothing" in outcome.notes[-1]
        return "refused"
    expected = outcome.match.route_id if outcome.match else None
    assert answer.headers.get("x-route") == (expected or "")
    if stopping:
        assert answer.status_code == STOPS[stopping[0].name][1], stopping
        return f"stopped by {stopping[0].name}"
    if outcome.proxied is None:
        assert answer.status_code == 404
        return "no route"
    targets = outcome.proxied.targets
    if answer.status_code != 200:
        assert any(f"answers {answer.status_code} " in note for note in outcome.notes)
        assert not all(target.nodes for target in targets)
        return "no upstream"
    seen = answer.json()
    assert seen["method"] == outcome.proxied.method
    assert seen["target"] == outcome.proxied.path
    by_name = {
        servers[node.port]: target for target in targets for node in target.nodes
    }
    assert seen["node"] in by_name
    if len(targets) > 1:
        return "split"
    host = by_name[seen["node"]].host
    assert host in ("", seen["headers"]["host"])
    assert bool(host) or seen["headers"]["host"].startswith("127.0.0.1:")
    return "answered"


@pytest.mark.parametrize("mode", list(Mode))
def test_it_tells_what_the_data_plane_does(
    mode: Mode, servers: tuple[Server, list[tuple[Echo, int]]]
) -> None:
    server, echoes = servers
    names = {port: echo.name for echo, port in echoes}
    maker = Maker([f"127.0.0.1:{port}" for port in names])
    store, (echo, port) = Store(), echoes[0]
    kinds: Counter[str] = Counter()

    with (
        planing(server, store, mode),
        closing(Plane(store, server.port, echo, port)) as plane,
    ):
        for _ in range(CONFIGURATIONS):
            configuration = maker.configuration()
            store.clear()
            for kind, documents in configuration.items():
                for key, document in documents.items():
                    plane.put(kind, key, document)
            for _ in range(REQUESTS):
                asked = maker.request()
                answer = plane.send(
                    asked.method,
                    asked.target,
                    headers={"Host": asked.host, **asked.headers},
                )
                outcome = simulated(store, server.port, asked, mode)
                kinds[check(answer, outcome, names)] += 1

    # The comparison is worth something only if it saw every kind of answer.
    assert set(kinds) == {
        "answered",
        "no route",
        "no upstream",
        "refused",
        "split",
        *(f"stopped by {name}" for name in STOPS),
    }, kinds
