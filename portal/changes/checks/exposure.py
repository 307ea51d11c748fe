"""What lies open: whole hosts, plain connections, browsers and certificates trusted."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_noop

from gateway.effective import effective, texts
from gateway.hosts import Place, address_of, place_of
from gateway.live import Live
from gateway.outgoing import outgoing, upstreams
from gateway.redaction import any_index, dotted
from gateway.schemas import Schemas
from gateway.secret_fields import Path
from portal.changes.checks.holdings import After, Holdings
from portal.changes.checks.parts import appeared, is_active, named, plugins_of, written
from portal.changes.checks.subject import Code, Subject
from portal.changes.findings import Finding, Severity
from portal.changes.plan import Plan

Document = dict[str, Any]

CATCH_ALL = Code(
    "catch_all",
    Severity.WARNING,
    gettext_noop(
        "A route takes every request on every host that no other route takes."
    ),
)
PLAIN_HTTP = Code(
    "plain_http",
    Severity.WARNING,
    gettext_noop(
        "Requests or logs leave unencrypted for a public address, or go to port 443 "
        "unencrypted; good to know only where it is a name."
    ),
)
CORS_CREDENTIALS = Code(
    "cors_credentials",
    Severity.WARNING,
    gettext_noop(
        "Pages of any site may call with the cookies of whoever looks at them."
    ),
)
TLS_NOT_VERIFIED = Code(
    "tls_not_verified",
    Severity.WARNING,
    gettext_noop(
        "A certificate of the other side is not checked, so anybody on the way can pose as it."
    ),
)

VERIFYING = frozenset(
    {
        "https_verify_certificate",
        "redis_cluster_ssl_verify",
        "redis_ssl_verify",
        "ssl_verify",
        "tls_verify",
    }
)
ANY_ORIGIN = frozenset({"*", "**"})
ANY_ORIGIN_EXPRESSIONS = frozenset(
    {"", ".", ".*", ".+", "^", "^.*", "^.*$", ".*$", "^.+$"}
)
PLAIN_SCHEMES = frozenset({"http", "grpc"})


def catch_all(plan: Plan, live: Live, schemas: Schemas) -> Iterator[Finding]:
    """A route for everything answers what nobody meant to publish."""
    after = After(plan, live)
    for index, item, wanted in written(plan):
        if (
            item.kind.name == "route"
            and _takes_everything(wanted, after)
            and not _takes_everything(item.base, live)
        ):
            yield CATCH_ALL.finding(
                index,
                "It takes every request, on every host, that no other route takes.",
                "Name the hosts it is for in hosts, or a path narrower than /*.",
                path="uris" if "uris" in wanted else "uri",
            )


def _takes_everything(route: Document | None, held: Holdings) -> bool:
    if route is None or route.get("status") == 0:
        return False
    if any(route.get(name) for name in ("vars", "remote_addr", "remote_addrs")):
        return False
    if "/*" not in (texts(route.get("uris")) or texts(route.get("uri"))):
        return False
    hosts = effective(
        route, lambda kind, name: held.find(kind, name) if kind == "service" else None
    ).hosts
    return not hosts or "*" in hosts


def plain_http(plan: Plan, live: Live, schemas: Schemas) -> Iterator[Finding]:
    """What leaves for the outside unencrypted can be read and changed on the way."""
    for index, item, _ in written(plan):
        if item.kind.name == "stream_route":
            continue  # bytes, whose own protocol may well encrypt
        found = appeared(item, _plain)
        for severity in (Severity.WARNING, Severity.INFO):
            hosts = {
                host: path for (host, heavy), path in found.items() if heavy is severity
            }
            if hosts:
                yield PLAIN_HTTP.finding(
                    index,
                    f"What goes to {named(hosts)} is not encrypted on its way.",
                    "Use https (grpcs for gRPC) and its port, unless the way is private.",
                    path=next(iter(hosts.values())),
                    severity=severity,
                )


def _plain(kind: str, document: Document) -> Iterator[tuple[tuple[str, Severity], str]]:
    for one in outgoing(kind, document):
        if one.scheme in PLAIN_SCHEMES and place_of(one.host) is Place.PUBLIC:
            is_sure = address_of(one.host) is not None or one.port == 443
            severity = Severity.WARNING if is_sure else Severity.INFO
            yield (one.host, severity), one.path


def cors_credentials(plan: Plan, live: Live, schemas: Schemas) -> Iterator[Finding]:
    """Any origin together with credentials undoes what browsers protect."""
    for index, item, _ in written(plan):
        for path in appeared(item, _any_origin).values():
            yield CORS_CREDENTIALS.finding(
                index,
                "Any site may call it with the cookies of whoever looks at that site.",
                "Name the origins in plugins.cors.allow_origins, or set "
                "plugins.cors.allow_credential to false.",
                path=path,
            )


def _any_origin(kind: str, document: Document) -> Iterator[tuple[str, str]]:
    cors = plugins_of(document).get("cors")
    if not isinstance(cors, dict) or cors.get("allow_credential") is not True:
        return
    # Left out, it is every origin.
    if is_active(cors) and cors.get("allow_origins", "*") in ANY_ORIGIN:
        yield "allow_origins", "plugins.cors.allow_origins"
    for expression in texts(cors.get("allow_origins_by_regex")):
        if is_active(cors) and expression in ANY_ORIGIN_EXPRESSIONS:
            yield "allow_origins_by_regex", "plugins.cors.allow_origins_by_regex"


def tls_not_verified(plan: Plan, live: Live, schemas: Schemas) -> Iterator[Finding]:
    """Only what is switched off by name: many plugins do not verify by default."""
    for index, item, _ in written(plan):
        look = appeared(item, _unverified)
        if paths := list(look.values()):
            yield TLS_NOT_VERIFIED.finding(
                index,
                f"Certificates are not checked there: {named(paths)} is false.",
                "Set it to true, and give the gateway the authority if it is your own.",
                path=paths[0],
            )


def _unverified(
    kind: str, document: Document
) -> Iterator[tuple[tuple[str | None, ...], str]]:
    places: list[tuple[Path, Any]] = [
        (("plugins", name), settings) for name, settings in plugins_of(document).items()
    ]
    places += upstreams(kind, document)
    if kind in ("plugin_metadata", "secret"):
        places.append(((), document))
    for at, value in places:
        for path in _switched_off(value, at):
            yield any_index(path), dotted(path)


def _switched_off(value: Any, at: Path) -> Iterator[Path]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _switched_off(item, (*at, index))
    elif isinstance(value, dict):
        for name, item in value.items():
            if item is False and (
                name in VERIFYING or (name == "verify" and at[-1:] == ("tls",))
            ):
                yield (*at, name)
            else:
                yield from _switched_off(item, (*at, name))


SUBJECT = Subject(
    title=gettext_noop("What lies open"),
    matters=gettext_noop(
        "What lies open is found and called by strangers within hours."
    ),
    checks=(catch_all, plain_http, cors_credentials, tls_not_verified),
    codes=(CATCH_ALL, PLAIN_HTTP, CORS_CREDENTIALS, TLS_NOT_VERIFIED),
)
