"""A recipe on a route, from asking to what a caller sees through the data plane."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import jwt
import pytest
import requests
from django.utils import timezone

from portal.accounts.errors import NotAllowed
from portal.audit.models import AuditEvent
from portal.changes.errors import (
    Blocked,
    GatewayDown,
    Malformed,
    NoSuchRecipe,
    NoSuchResource,
    NothingToChange,
    RecipeDoesNotFit,
)
from portal.changes.models import ChangeRequest
from portal.changes.recipes import (
    RecipeAsked,
    apply_recipe,
    preview_recipe,
    recipes_offered,
)
from portal.changes.rollback import rollback
from portal.changes.states import State
from tests.actors import present, program
from tests.changes.conftest import Desk, refused
from tests.factories import Cast, make_gateway
from tests.gateway.sandbox.proxy.serving import Echo, closed_port, serving
from tests.sandbox import SandboxGateway
from tests.waiting import LONG, eventually

Servers = list[tuple[Echo, int]]


@pytest.fixture(scope="module")
def running() -> Iterator[Servers]:
    with ExitStack() as stack:
        yield [
            (echo, stack.enter_context(serving(echo.app)))
            for echo in (Echo("old"), Echo("new"))
        ]


@pytest.fixture
def servers(running: Servers) -> Servers:
    """The server of the route, and another one."""
    for echo, _ in running:
        echo.reset()
    return running


@pytest.fixture
def held(desk: Desk, servers: Servers) -> Desk:
    """A gateway that holds a route to the first server."""
    desk.sandbox.put("route", "r1", route(servers))
    return desk


def route(servers: Servers, **fields: Any) -> dict[str, Any]:
    return {
        "name": "speakers",
        "uri": "/speaker/*",
        "upstream": {"type": "roundrobin", "nodes": {at(servers[0]): 1}},
    } | fields


def at(server: tuple[Echo, int]) -> str:
    return f"127.0.0.1:{server[1]}"


def asked(
    desk: Desk, recipe: str, route_id: str = "r1", **settings: Any
) -> RecipeAsked:
    return RecipeAsked(
        gateway=desk.gateway,
        route=route_id,
        recipe=recipe,
        settings=settings,
        reason="The conference starts.",
    )


def applied(desk: Desk, recipe: str, **settings: Any) -> ChangeRequest:
    """Ask for it, have it approved and delivered."""
    proposed, _ = apply_recipe(
        asked(desk, recipe, **settings), actor=present(desk.people.alice)
    )
    desk.approve(proposed.change)
    change = desk.deliver(proposed.change)
    assert change.state == State.APPLIED
    return change


def call(desk: Desk, path: str = "/speaker/1", **options: Any) -> requests.Response:
    """Send a GET through the data plane."""
    return requests.get(f"{desk.sandbox.proxy_url}{path}", timeout=LONG, **options)


def jack(desk: Desk, **plugins: Any) -> None:
    desk.sandbox.put("consumer", "jack", {"username": "jack", "plugins": plugins})


class TestThroughTheDataPlane:
    def test_a_key_is_required(self, held: Desk) -> None:
        jack(held, **{"key-auth": {"key": "the-key"}})
        assert call(held).status_code == 200

        applied(held, "require-key", header="X-API-Key")

        assert call(held).status_code == 401
        answer = call(held, headers={"X-API-Key": "the-key"})
        assert answer.status_code == 200
        assert "x-api-key" not in answer.json()["headers"]

    def test_a_token_is_required(self, held: Desk) -> None:
        secret = "a-secret-that-is-long-enough-for-hs256"
        jack(held, **{"jwt-auth": {"key": "jack", "secret": secret}})

        applied(held, "require-jwt", claim="sub")

        token = jwt.encode({"sub": "jack"}, secret)
        assert call(held).status_code == 401
        headers = {"Authorization": f"Bearer {token}"}
        assert call(held, headers=headers).status_code == 200

    def test_a_password_is_required(self, held: Desk) -> None:
        jack(held, **{"basic-auth": {"username": "jack", "password": "p"}})

        applied(held, "require-password")

        assert call(held, auth=("jack", "wrong")).status_code == 401
        answer = call(held, auth=("jack", "p"))
        assert answer.status_code == 200
        assert "authorization" not in answer.json()["headers"]

    def test_addresses_are_kept_out(self, held: Desk) -> None:
        applied(held, "restrict-addresses", who="deny", addresses=["127.0.0.0/8"])
        assert call(held).status_code == 403

    def test_only_some_addresses_come_in(self, held: Desk) -> None:
        applied(held, "restrict-addresses", addresses=["10.0.0.0/8"], message="No.")
        assert (call(held).status_code, call(held).json()) == (403, {"message": "No."})
        applied(held, "restrict-addresses", addresses=["127.0.0.1"])
        assert call(held).status_code == 200
        assert held.live("r1")["plugins"]["ip-restriction"] == {
            "whitelist": ["10.0.0.0/8", "127.0.0.1"],
            "message": "No.",
        }

    def test_the_rate_is_limited(self, held: Desk) -> None:
        applied(held, "limit-rate", requests=2, seconds=3600, message="Slow down.")
        answers = [call(held) for _ in range(3)]
        assert [one.status_code for one in answers] == [200, 200, 429]
        assert answers[2].json() == {"error_msg": "Slow down."}

    def test_everybody_together_is_limited(self, held: Desk) -> None:
        applied(held, "limit-rate", requests=1, seconds=3600, per="everybody")
        assert [call(held).status_code for _ in range(2)] == [200, 429]

    def test_bursts_are_smoothed_out(self, held: Desk) -> None:
        applied(held, "smooth-bursts", rate=1, burst=0)
        statuses = {call(held).status_code for _ in range(20)}
        assert statuses == {200, 429}

    def test_answers_are_cached_and_told_apart(
        self, held: Desk, servers: Servers
    ) -> None:
        applied(held, "cache-answers", by_headers=["Accept-Language"])
        for language in ("de", "de", "en"):
            answer = call(held, headers={"Accept-Language": language})
            assert answer.json()["headers"]["accept-language"] == language
        assert len(servers[0][0].seen) == 2

    def test_a_share_goes_to_the_new_version(
        self, held: Desk, servers: Servers
    ) -> None:
        url = f"http://{at(servers[1])}"

        applied(held, "canary", url=url, share=25)

        nodes = [call(held).json()["node"] for _ in range(8)]
        assert sorted(nodes) == ["new"] * 2 + ["old"] * 6
        applied(held, "canary", url=url, share=100)
        assert {call(held).json()["node"] for _ in range(3)} == {"new"}
        applied(held, "canary", url=url, share=0)
        assert {call(held).json()["node"] for _ in range(3)} == {"old"}

    def test_a_header_chooses_the_version(self, held: Desk, servers: Servers) -> None:
        url = f"http://{at(servers[1])}"
        applied(held, "canary", url=url, share=0)

        applied(held, "version-by-header", value="2", url=url)

        assert call(held).json()["node"] == "old"
        answer = call(held, headers={"X-API-Version": "2"})
        assert answer.json()["node"] == "new"

    def test_a_path_chooses_the_version(self, held: Desk, servers: Servers) -> None:
        applied(held, "limit-rate", requests=1, seconds=3600)

        applied(held, "version-by-path", url=f"http://{at(servers[1])}")

        answer = call(held, "/v2/speaker/1?a=b")
        told = answer.json()
        assert (told["node"], told["target"]) == ("new", "/speaker/1?a=b")
        assert call(held).json()["node"] == "old"
        # It is limited as the first one is.
        assert call(held, "/v2/speaker/1").status_code == 429

    def test_nodes_share_and_one_may_fail(self, held: Desk, servers: Servers) -> None:
        both = {at(one): 1 for one in servers}
        applied(held, "balance-nodes", nodes=both)
        nodes = [call(held).json()["node"] for _ in range(4)]
        assert sorted(nodes) == ["new", "new", "old", "old"]

        gone = {at(servers[1]): 1, f"127.0.0.1:{closed_port()}": 1}
        applied(held, "balance-nodes", nodes=gone, how="turns")
        assert {call(held).json()["node"] for _ in range(4)} == {"new"}

    def test_another_server_gets_a_copy(self, held: Desk, servers: Servers) -> None:
        applied(held, "mirror-traffic", url=f"http://{at(servers[1])}")
        assert call(held, "/speaker/7").json()["node"] == "old"
        eventually(lambda: servers[1][0].seen, "the copy came")
        assert servers[1][0].seen[0]["target"] == "/speaker/7"

    def test_the_request_is_changed(self, held: Desk) -> None:
        applied(
            held,
            "change-request",
            strip_prefix="/speaker",
            host="inside.example.com",
            set_headers={"X-Gateway": "apisix"},
            remove_headers=["X-Secret"],
        )
        told = call(held, "/speaker/1/a", headers={"X-Secret": "1"}).json()
        assert told["target"] == "/1/a"
        assert told["headers"]["host"] == "inside.example.com"
        assert told["headers"]["x-gateway"] == "apisix"
        assert "x-secret" not in told["headers"]

    def test_the_answer_is_changed(self, held: Desk, servers: Servers) -> None:
        servers[0][0].text = "It costs $5 (or 5.0)"
        servers[0][0].headers = {"X-Debug": "1"}
        applied(
            held,
            "change-answer",
            status=203,
            set_headers={"X-Gateway": "apisix"},
            remove_headers=["X-Debug"],
            find="$5 (or 5.0)",
            replace="$6 \\1",
        )
        answer = call(held)
        assert (answer.status_code, answer.text) == (203, "It costs $6 \\1")
        assert answer.headers["X-Gateway"] == "apisix"
        assert "X-Debug" not in answer.headers

    def test_what_the_sandbox_does_not_run_it_names(self, held: Desk) -> None:
        applied(held, "count-requests")
        applied(held, "send-logs", url="http://127.0.0.1:9/logs")
        ignored = call(held).headers["X-Sandbox-Ignored-Plugins"]
        assert set(ignored.split(", ")) == {"prometheus", "http-logger"}


class TestOneChange:
    def test_only_what_it_sets_is_asked_for(self, held: Desk) -> None:
        change = applied(held, "limit-rate")
        (item,) = change.latest_revision().items.all()
        assert (item.action, item.kind, item.resource_id) == ("update", "route", "r1")
        assert {*item.wanted} - {*item.base} == {"plugins"}
        assert "limit-count" in change.summary

    def test_asked_for_again_it_is_the_same_change(self, held: Desk) -> None:
        alice = present(held.people.alice)
        first, made = apply_recipe(asked(held, "limit-rate"), actor=alice)
        again, nothing = apply_recipe(asked(held, "limit-rate"), actor=alice)
        assert made is not None
        assert (again.change, again.is_replay, nothing) == (first.change, True, None)
        other, _ = apply_recipe(asked(held, "limit-rate", requests=5), actor=alice)
        assert other.change != first.change

    def test_applied_again_there_is_nothing_to_ask_for(self, held: Desk) -> None:
        applied(held, "limit-rate")
        with pytest.raises(NothingToChange):
            apply_recipe(asked(held, "limit-rate"), actor=present(held.people.alice))
        with pytest.raises(NothingToChange):
            preview_recipe(asked(held, "limit-rate"), actor=present(held.people.alice))

    @pytest.mark.parametrize("recipe", ["limit-rate", "version-by-path"])
    def test_it_is_rolled_back(self, held: Desk, servers: Servers, recipe: str) -> None:
        before = held.live("r1")
        settings = {} if recipe == "limit-rate" else {"url": f"http://{at(servers[1])}"}
        change = applied(held, recipe, **settings)

        undo = rollback(change, reason="No.", actor=present(held.people.alice)).change
        held.approve(undo)
        assert held.deliver(undo).state == State.APPLIED

        now = held.live("r1")
        assert {**now, "update_time": 0} == {**before, "update_time": 0}
        assert held.live("v2-r1") is None

    def test_a_program_s_is_filed_with_its_token(self, held: Desk) -> None:
        actor = program(held.people.alice)
        change = apply_recipe(asked(held, "require-key"), actor=actor)[0].change
        assert (change.token, change.channel) == (actor.token, "api")


class TestWhatWasThere:
    def test_a_shared_plugin_is_copied_and_kept_for_others(
        self, desk: Desk, servers: Servers
    ) -> None:
        shared = {"limit-count": {"count": 5, "time_window": 9, "policy": "local"}}
        desk.sandbox.put("plugin_config", "p", {"plugins": shared})
        desk.sandbox.put("route", "r1", route(servers, plugin_config_id="p"))

        _, made = preview_recipe(
            asked(desk, "limit-rate", requests=1), actor=present(desk.people.alice)
        )

        (written,) = made.written
        own = written.after["plugins"]["limit-count"]
        assert (own["count"], own["policy"]) == (1, "local")
        assert any("comes from plugin config p so far" in one for one in made.notes)

    def test_what_a_service_does_already_is_not_repeated(
        self, desk: Desk, servers: Servers
    ) -> None:
        upstream = route(servers)["upstream"]
        plugins = {"prometheus": {"prefer_name": True}}
        desk.sandbox.put("service", "s", {"upstream": upstream, "plugins": plugins})
        desk.sandbox.put("route", "r1", {"uri": "/speaker/*", "service_id": "s"})
        with pytest.raises(NothingToChange):
            preview_recipe(
                asked(desk, "count-requests"), actor=present(desk.people.alice)
            )

    def test_a_route_of_a_service_gets_nodes_of_its_own(
        self, desk: Desk, servers: Servers
    ) -> None:
        upstream = route(servers)["upstream"] | {"retries": 3}
        desk.sandbox.put("service", "s", {"upstream": upstream})
        for one in ("r1", "r2"):
            desk.sandbox.put("route", one, {"uri": f"/{one}", "service_id": "s"})

        applied(desk, "balance-nodes", nodes={at(servers[1]): 1})

        assert call(desk, "/r1").json()["node"] == "new"
        assert call(desk, "/r2").json()["node"] == "old"
        assert desk.live("r1")["upstream"]["retries"] == 3

    def test_or_all_that_share_the_upstream_do(
        self, desk: Desk, servers: Servers
    ) -> None:
        desk.sandbox.put("upstream", "u", route(servers)["upstream"])
        desk.sandbox.put("service", "s", {"upstream_id": "u"})
        for one in ("r1", "r2"):
            desk.sandbox.put("route", one, {"uri": f"/{one}", "service_id": "s"})
        told = {"nodes": {at(servers[1]): 1}, "where": "shared"}

        change = applied(desk, "balance-nodes", **told)

        assert change.latest_revision().items.get().kind == "upstream"
        for path in ("/r1", "/r2"):
            assert call(desk, path).json()["node"] == "new"

    def test_a_secret_stays_and_is_never_shown(
        self, held: Desk, servers: Servers
    ) -> None:
        secret = "Bearer the-secret-of-the-logs"
        logger = {"uri": "http://10.0.0.1/logs", "auth_header": secret}
        held.sandbox.put("route", "r1", route(servers, plugins={"http-logger": logger}))

        told = {"url": "http://10.0.0.1/logs", "answer_bodies": True}
        plan, made = preview_recipe(
            asked(held, "send-logs", **told), actor=present(held.people.alice)
        )
        applied(held, "send-logs", **told)

        assert secret not in f"{made} {plan.items[0].shown_wanted}"
        live = held.live("r1")["plugins"]["http-logger"]
        assert (live["auth_header"], live["include_resp_body"]) == (secret, True)
        change = ChangeRequest.objects.get()
        assert secret not in str(change.latest_revision().items.get().wanted)

    def test_a_given_secret_reaches_the_gateway_and_nobody_else(
        self, held: Desk
    ) -> None:
        secret = "Bearer the-secret-of-the-logs"
        told = {"url": "http://10.0.0.1/logs", "auth_header": secret}
        _, made = preview_recipe(
            asked(held, "send-logs", **told), actor=present(held.people.alice)
        )
        change = applied(held, "send-logs", **told)
        assert held.live("r1")["plugins"]["http-logger"]["auth_header"] == secret
        assert secret not in str(made.sets + made.then + made.notes)
        stored = str(change.latest_revision().items.values_list("wanted", flat=True))
        assert secret not in stored
        assert secret not in str(list(AuditEvent.objects.values()))

    def test_a_route_with_a_secret_in_clear_is_not_copied(
        self, held: Desk, servers: Servers
    ) -> None:
        logger = {"uri": "http://10.0.0.1/logs", "auth_header": "Bearer secret"}
        held.sandbox.put("route", "r1", route(servers, plugins={"http-logger": logger}))
        with pytest.raises(RecipeDoesNotFit, match="http-logger.auth_header"):
            preview_recipe(
                asked(held, "version-by-path", url="http://10.0.0.9:80"),
                actor=present(held.people.alice),
            )


class TestRefused:
    def test_settings_are_named_each(self, held: Desk) -> None:
        with pytest.raises(Malformed) as refusal:
            apply_recipe(
                asked(held, "limit-rate", requests=0, seconds="60", per="me", nope=1),
                actor=present(held.people.alice),
            )
        errors = {one["field"]: one["detail"] for one in refusal.value.extra["errors"]}
        assert errors == {
            "settings.nope": "There is no such setting. Known are: requests, seconds, "
            "per, status, message.",
            "settings.per": "It is not one of address, consumer, everybody. Give one of "
            "these.",
            "settings.requests": "It is too small: give at least 1.",
            "settings.seconds": "It is not a whole number. Give a whole number.",
        }
        assert refusal.value.field == "settings.nope"
        assert not ChangeRequest.objects.exists()

    @pytest.mark.parametrize(
        ("recipe", "settings", "field", "words"),
        [
            ("canary", {}, "url", "either url or upstream_id"),
            ("canary", {"url": "http://a", "upstream_id": "u"}, "url", "either"),
            ("canary", {"upstream_id": "nope"}, "upstream_id", "holds no upstream"),
            ("canary", {"url": "http://a/path"}, "url", "it has no path"),
            ("canary", {"url": "tcp://a:1"}, "url", "Begin with http://"),
            ("send-logs", {}, "url", "It is missing. Give one such as https://"),
            ("send-logs", {"url": "nowhere"}, "url", "It has another form"),
            ("send-logs", {"url": "http://a/?token=x"}, "url", "another form"),
            ("mirror-traffic", {"url": "http://a/b"}, "url", "another form"),
            (
                "restrict-addresses",
                {"addresses": ["300.1.1.1"]},
                "addresses.0",
                "no addr",
            ),
            ("restrict-addresses", {"addresses": []}, "addresses", "It is empty"),
            ("restrict-addresses", {"addresses": ["::1", "::1"]}, "addresses", "twice"),
            ("balance-nodes", {"nodes": {"a": 1}}, "nodes.a", "no host and port"),
            ("balance-nodes", {"nodes": {"a:99999": 1}}, "nodes.a:99999", "no host"),
            ("balance-nodes", {"nodes": {"a:1": -1}}, "nodes.a:1", "too small"),
            ("change-request", {}, "", "at least one of"),
            ("change-request", {"set_headers": {"a b": "1"}}, "set_headers", "form"),
            ("change-request", {"set_headers": {"a": "1\n2"}}, "set_headers.a", "form"),
            ("change-answer", {"find": "a"}, "replace", "together"),
            (
                "change-answer",
                {"find": "a", "replace": "", "body": "b"},
                "body",
                "either",
            ),
            ("require-key", {"header": "x" * 2_000}, "header", "at most 1,000"),
            ("require-sign-in", {"client_id": "a"}, "discovery", "It is missing"),
            (
                "require-sign-in",
                {"client_id": "a", "discovery": "https://a", "callers": "people"},
                "client_secret",
                "It is missing",
            ),
            (
                "require-sign-in",
                {"client_id": "a", "discovery": "https://a", "session_secret": "short"},
                "session_secret",
                "at least 16",
            ),
        ],
    )
    def test_a_setting_that_makes_no_sense(
        self,
        held: Desk,
        recipe: str,
        settings: dict[str, Any],
        field: str,
        words: str,
    ) -> None:
        with pytest.raises(Malformed, match=words) as refusal:
            preview_recipe(
                asked(held, recipe, **settings), actor=present(held.people.alice)
            )
        assert refusal.value.field == (f"settings.{field}" if field else "settings")

    @pytest.mark.parametrize(
        ("recipe", "settings", "plugins", "words"),
        [
            (
                "limit-rate",
                {},
                {
                    "limit-count": {
                        "rules": [{"count": 1, "time_window": 1, "key": "$uri"}]
                    }
                },
                "counts by rules",
            ),
            (
                "limit-rate",
                {},
                {"limit-count": {"count": 1, "time_window": 1, "group": "g"}},
                "by its group",
            ),
            (
                "restrict-addresses",
                {"who": "deny", "addresses": ["10.0.0.1"]},
                {"ip-restriction": {"whitelist": ["10.0.0.1"]}},
                "not both",
            ),
            (
                "canary",
                {"url": "http://10.0.0.9:80"},
                {
                    "traffic-split": {
                        "rules": [
                            {
                                "weighted_upstreams": [
                                    {"weight": 9},
                                    {"weight": 1, "upstream": {"nodes": {"a:1": 1}}},
                                ]
                            }
                        ]
                    }
                },
                "another version already",
            ),
            (
                "change-request",
                {"strip_prefix": "/api"},
                {"proxy-rewrite": {"uri": "/one"}},
                "one and the same path",
            ),
            (
                "version-by-path",
                {"url": "http://10.0.0.9:80"},
                {"proxy-rewrite": {"regex_uri": ["^/a", "/b"]}},
                "rewrites the path",
            ),
            (
                "change-answer",
                {"body": "x"},
                {"response-rewrite": {"filters": [{"regex": "a", "replace": "b"}]}},
                "filters the body already",
            ),
            (
                "change-answer",
                {"find": "x", "replace": "y"},
                {"response-rewrite": {"body": "a"}},
                "a body of its own",
            ),
        ],
    )
    def test_a_route_that_it_does_not_fit(
        self,
        held: Desk,
        servers: Servers,
        recipe: str,
        settings: dict[str, Any],
        plugins: dict[str, Any],
        words: str,
    ) -> None:
        held.sandbox.put("route", "r1", route(servers, plugins=plugins))
        refused_as = asked(held, recipe, **settings)
        with pytest.raises(RecipeDoesNotFit, match=words):
            preview_recipe(refused_as, actor=present(held.people.alice))
        refused(
            RecipeDoesNotFit,
            lambda: apply_recipe(refused_as, actor=present(held.people.alice)),
        )

    def test_a_route_with_a_script(self, held: Desk, servers: Servers) -> None:
        held.sandbox.put(
            "route", "r1", route(servers, script="local _M = {} return _M")
        )
        with pytest.raises(RecipeDoesNotFit, match="runs a script"):
            preview_recipe(asked(held, "require-key"), actor=present(held.people.alice))

    def test_another_route_where_the_version_s_would_be(
        self, held: Desk, servers: Servers
    ) -> None:
        held.sandbox.put("route", "v2-r1", route(servers, uri="/other"))
        with pytest.raises(RecipeDoesNotFit, match="another route v2-r1"):
            preview_recipe(
                asked(held, "version-by-path", url="http://10.0.0.9:80"),
                actor=present(held.people.alice),
            )

    def test_an_upstream_that_is_not_there(self, held: Desk, servers: Servers) -> None:
        held.sandbox.put("upstream", "u", route(servers)["upstream"])
        held.sandbox.put("route", "r1", {"uri": "/a", "upstream_id": "u"})
        held.sandbox.delete("upstream", "u", force=True)
        with pytest.raises(RecipeDoesNotFit, match="does not hold"):
            preview_recipe(
                asked(held, "balance-nodes"), actor=present(held.people.alice)
            )

    def test_what_is_not_there(self, held: Desk) -> None:
        alice = present(held.people.alice)
        with pytest.raises(NoSuchRecipe, match="There are require-key, require-jwt"):
            apply_recipe(asked(held, "nope"), actor=alice)
        for route_id in ("nope", "a b", "x" * 900):
            with pytest.raises(NoSuchResource, match="holds no route"):
                apply_recipe(asked(held, "limit-rate", route_id), actor=alice)

    def test_a_stream_route(self, people: Cast) -> None:
        sandbox = SandboxGateway(stream=True)
        try:
            sandbox.put("stream_route", "s1", {"upstream": {"nodes": {"a:1": 1}}})
            gateway = make_gateway(
                admin_url=sandbox.admin_url, admin_key=sandbox.key, version=""
            )
            desk = Desk(gateway, sandbox, people)
            with pytest.raises(NoSuchResource, match="s1 is a stream route"):
                preview_recipe(
                    asked(desk, "limit-rate", "s1"), actor=present(people.alice)
                )
        finally:
            sandbox.close()

    def test_a_plugin_that_the_gateway_does_not_offer(self, held: Desk) -> None:
        alice = present(held.people.alice)
        preview_recipe(asked(held, "limit-rate"), actor=alice)
        kept = held.gateway.catalogue
        kept.document["plugins"].pop("limit-count")
        kept.fetched_at = timezone.now()
        kept.save()
        why = {recipe.name: why for recipe, why in recipes_offered(held.gateway)}
        assert "does not offer limit-count" in why["limit-rate"]
        assert why["require-key"] == ""
        with pytest.raises(RecipeDoesNotFit, match="does not offer limit-count"):
            preview_recipe(asked(held, "limit-rate"), actor=alice)

    def test_whoever_may_not_ask(self, held: Desk) -> None:
        audrey = present(held.people.audrey)
        refused(
            NotAllowed, lambda: apply_recipe(asked(held, "limit-rate"), actor=audrey)
        )
        plan, _ = preview_recipe(asked(held, "limit-rate"), actor=audrey)
        assert plan.items

    def test_what_the_checks_stop(self, held: Desk) -> None:
        told = {"url": "http://10.0.0.9:80", "auth_header": "redacted:01234567"}
        with pytest.raises(Blocked):
            apply_recipe(
                asked(held, "send-logs", **told), actor=present(held.people.alice)
            )

    def test_a_gateway_that_is_down(self, held: Desk) -> None:
        held.sandbox.stop()
        refused(
            GatewayDown,
            lambda: apply_recipe(
                asked(held, "limit-rate"), actor=present(held.people.alice)
            ),
        )
