"""One request for every code that the checks may give."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Group

from gateway.mirror import refresh
from gateway.overlap.stage import LIMIT as NEAREST
from gateway.promote import Kept
from portal.accounts.models import Membership, Ownership
from portal.accounts.roles import Role
from portal.changes.asked import ItemAsked
from portal.changes.propose import propose
from portal.changes.terms import Terms
from tests.actors import present
from tests.certificates import self_signed
from tests.changes.checks.looking import (
    KEY_AUTH,
    Document,
    create,
    delete,
    route,
    update,
    upstream,
)
from tests.changes.conftest import Desk

LIMIT: Document = {"limit-count": {"count": 2, "time_window": 60, "rejected_code": 429}}
LOGGED: Document = {
    "http-logger": {"uri": "https://a.example.com/", "auth_header": "s3cr3t"}
}


@dataclass(frozen=True)
class Example:
    """What is asked for, and before that held by the gateway and done at the desk."""

    items: tuple[ItemAsked, ...]
    held: tuple[tuple[str, str, Document], ...] = ()
    settings: Document = field(default_factory=dict)
    before: Callable[[Desk], Any] = lambda desk: None
    terms: Terms = Terms()

    def arrange(self, desk: Desk) -> None:
        for kind, resource_id, document in self.held:
            desk.sandbox.put(kind, resource_id, document)
        self.before(desk)


def asks(*items: ItemAsked, **fields: Any) -> Example:
    return Example(items, **fields)


def owns_a_part(desk: Desk) -> None:
    """Let alice ask by her group alone, which owns a part."""
    alice, group = desk.people.alice, Group.objects.create(name="shop")
    alice.memberships.all().delete()
    alice.groups.add(group)
    Membership.objects.create(group=group, role=Role.AUTHOR)
    Ownership.objects.create(group=group, host="*.shop.com", labels={"team": "shop"})


def old(document: Document, kind: str = "route") -> tuple[tuple[str, str, Document]]:
    """Something that the gateway holds."""
    return ((kind, "old", document),)


def ssl(*, names: tuple[str, ...] = ("a.example.com",), **fields: Any) -> Example:
    """A certificate that is asked for."""
    since, until = fields.pop("since", -1), fields.pop("until", 90)
    one = self_signed(*names, since=since, until=until)
    document = {"cert": one.pem, "key": one.key_pem, "snis": ["a.example.com"]}
    return asks(create("ssl", document | fields))


def plugged(**settings: Document) -> Example:
    """A new route with one more plugin; `_` in its name is `-`."""
    plugins = {name.replace("_", "-"): one for name, one in settings.items()}
    return asks(create("route", route(plugins=KEY_AUTH | plugins)))


def sent_to(node: str, **fields: Any) -> Example:
    return asks(create("upstream", upstream(node, **fields)))


def ask_for_old(desk: Desk) -> None:
    asked = desk.asked(update("route", {"desc": "somebody else's"}))
    propose(asked, actor=present(desk.people.omar))


def seen(*held: tuple[str, Document], asked: ItemAsked) -> Example:
    """Something asked for while the gateway is known to hold these routes."""
    return asks(
        asked,
        held=tuple(("route", key, document) for key, document in held),
        before=lambda desk: refresh(desk.gateway),
    )


EXAMPLES = {
    "already_exists": asks(create("route", route(), "old"), held=old(route())),
    "nothing_changes": asks(update("route", {"uri": "/speaker/*"}), held=old(route())),
    "kind_not_offered": asks(create("stream_route", {"server_port": 9100})),
    "unknown_plugin": plugged(nosuch={}),
    "invalid_document": asks(create("route", route(uri=7))),
    "missing_reference": asks(create("route", route(service_id="nope"))),
    "missing_secret": asks(
        create("consumer", {"plugins": {"key-auth": {"key": "$secret://vault/1/jack"}}})
    ),
    "still_referenced": asks(
        delete("upstream"),
        held=(
            *old(upstream("backend:80"), "upstream"),
            ("route", "r1", {"uri": "/x", "upstream_id": "old"}),
        ),
    ),
    "in_two_global_rules": asks(
        create("global_rule", {"plugins": LIMIT}),
        held=old({"plugins": LIMIT}, "global_rule"),
    ),
    "secret_not_resolved": plugged(http_logger={"uri": "redacted:01234567"}),
    "certificate_key_missing": asks(
        update("ssl", {"labels": {"team": "shop"}}),
        held=old(ssl().items[0].document or {}, "ssl"),
    ),
    "secret_follows_new_destination": asks(
        update(
            "route", {"plugins": {"http-logger": {"uri": "https://b.example.com/"}}}
        ),
        held=old(route(plugins=KEY_AUTH | LOGGED)),
    ),
    "irreversible": asks(delete("ssl"), held=old(ssl().items[0].document or {}, "ssl")),
    "kept_as_it_is": asks(
        replace(
            create("route", route()),
            kept=(Kept("host", "public_host", "production has no value of it"),),
        )
    ),
    "cannot_be_taken_back": asks(
        delete("ssl"),
        held=old(ssl().items[0].document or {}, "ssl"),
        terms=Terms(expires_after=timedelta(hours=2)),
    ),
    "asked_for_twice": asks(
        update("route", {"desc": "x"}), held=old(route()), before=ask_for_old
    ),
    "auth_removed": asks(update("route", {"plugins": None}), held=old(route())),
    "auth_missing": asks(create("route", route(plugins={}))),
    "auth_optional": plugged(key_auth={"anonymous_consumer": "anybody"}),
    "restriction_removed": asks(
        update("route", {"plugins": {"csrf": None}}),
        held=old(route(plugins=KEY_AUTH | {"csrf": {"key": "$env://CSRF"}})),
    ),
    "protection_disabled": plugged(key_auth={"_meta": {"disable": True}}),
    "catch_all": asks(create("route", route(uri="/*", host="*"))),
    "plain_http": sent_to("8.8.8.8:80"),
    "cors_credentials": plugged(cors={"allow_origins": "**", "allow_credential": True}),
    "tls_not_verified": plugged(
        forward_auth={"uri": "https://a.example.com/", "ssl_verify": False}
    ),
    "runs_code": plugged(serverless_pre_function={"functions": ["return f"]}),
    "destination_metadata": sent_to("169.254.169.254:80"),
    "destination_loopback": sent_to("127.0.0.1:80"),
    "destination_link_local": sent_to("169.254.1.1:80"),
    "destination_private": sent_to("10.0.0.7:80"),
    "plain_secret": asks(
        create("secret", {"uri": "https://v", "prefix": "kv", "token": "t"}, "vault/1"),
        create("route", route(plugins=KEY_AUTH | LOGGED)),
    ),
    "certificate_expired": ssl(since=-90, until=-1),
    "certificate_expires_soon": ssl(until=29),
    "certificate_key_mismatch": ssl(key=self_signed().key_pem),
    "certificate_name_mismatch": ssl(names=("b.example.com",)),
    "no_node": asks(create("upstream", upstream())),
    "no_spare_node": sent_to("8.8.8.8:443", scheme="https"),
    "no_health_check": asks(create("upstream", upstream("backend:80", "other:80"))),
    "no_timeout": sent_to("backend:80", timeout=None),
    "upstream_ignored": asks(
        create("route", route(upstream_id="old")),
        held=old(upstream("backend:80"), "upstream"),
    ),
    "plugin_replaced": asks(
        create("route", route(plugins=KEY_AUTH | LIMIT, service_id="old")),
        held=old({"plugins": LIMIT}, "service"),
    ),
    "route_unreachable": seen(
        ("old", route(priority=1)), asked=create("route", route())
    ),
    "route_replaced": seen(("old", route()), asked=create("route", route(priority=1))),
    "route_takes_over": seen(
        ("old", route()), asked=create("route", route(uri="/speaker/7"))
    ),
    "route_order_unclear": seen(("old", route()), asked=create("route", route())),
    "requests_move": seen(
        ("old", route(uri="/speaker/7")), ("wider", route()), asked=delete("route")
    ),
    "requests_unanswered": seen(
        ("old", route()), asked=update("route", {"uri": "/speaker/7"})
    ),
    "route_overlaps": seen(("old", route()), asked=create("route", route(uri="/*"))),
    "route_not_compared": seen(
        *((f"r{n}", route(uri=f"/{n}")) for n in range(NEAREST + 6)),
        asked=create("route", route(uri="/*")),
    ),
    "name_rule": asks(
        create("route", route(name="What ever")),
        settings={"NAME_PATTERN": re.compile("[a-z]+")},
    ),
    "label_missing": asks(
        create("route", route()), settings={"REQUIRED_LABELS": ["team"]}
    ),
    "not_owned": asks(create("route", route()), before=lambda desk: owns_a_part(desk)),
    "kept_elsewhere": asks(
        delete("route"), held=old(route(labels={"managed-by": "adc"}))
    ),
}
