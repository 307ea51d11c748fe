"""Would the gateway accept it? Its own dry run where it has one, else its schemas."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from django.utils.translation import gettext_noop

from gateway.client import AdminClient
from gateway.errors import Invalid, NotOffered
from gateway.live import Live
from gateway.redaction import scrub
from gateway.schemas import Schemas
from gateway.secret_fields import secrets_in
from gateway.versions import at_least
from portal.changes.checks.subject import Code, Subject
from portal.changes.findings import Finding, Severity
from portal.changes.plan import Plan, PlannedItem

KIND_NOT_OFFERED = Code(
    "kind_not_offered",
    Severity.BLOCKER,
    gettext_noop(
        "The gateway has no resources of this kind: it is too old, or they are switched off."
    ),
)
UNKNOWN_PLUGIN = Code(
    "unknown_plugin",
    Severity.BLOCKER,
    gettext_noop("A plugin is not among those that the gateway has."),
)
INVALID_DOCUMENT = Code(
    "invalid_document",
    Severity.BLOCKER,
    gettext_noop(
        "The gateway would refuse the document, says its own dry run or its schemas."
    ),
)


def kind_not_offered(plan: Plan, live: Live, schemas: Schemas) -> Iterator[Finding]:
    """A kind that the gateway does not offer is refused by it, whatever the document."""
    for index, item in enumerate(plan.items):
        if item.kind.name in live.not_offered:
            yield KIND_NOT_OFFERED.finding(
                index,
                words=f"This gateway takes no {item.kind.title.lower()}: "
                f"{live.not_offered[item.kind.name]}.",
                mend="Leave the item out, or have an operator of the gateway switch on "
                "what offers it.",
            )


def unknown_plugin(plan: Plan, live: Live, schemas: Schemas) -> Iterator[Finding]:
    """A plugin that the gateway does not have is refused by it."""
    for index, item in enumerate(plan.items):
        plugins = (item.wanted or {}).get("plugins")
        names = list(plugins) if isinstance(plugins, dict) else []
        if item.kind.name == "plugin_metadata":
            names.append(item.id)
        known = (
            schemas.stream_plugins
            if item.kind.name == "stream_route"
            else schemas.plugins
        )
        for name in names:
            if name not in known:
                yield UNKNOWN_PLUGIN.finding(
                    index,
                    path=f"plugins.{name}",
                    words=f"The gateway has no plugin {name!r}.",
                    mend=_nearest(name, known),
                )


def _nearest(name: str, known: Any) -> str:
    close = get_close_matches(name, list(known), n=3)
    return (
        f"Did you mean {' or '.join(close)}? List the plugins to see what the gateway has."
        if close
        else "List the plugins to see what the gateway has."
    )


def gateway_dry_run(plan: Plan, live: Live, schemas: Schemas) -> Iterator[Finding]:
    """Ask the gateway to check each wanted document without storing it.

    Its words may repeat a value, so every secret of the change is taken out of them.
    """
    secrets: set[str] = set()
    for item in plan.items:
        if item.wanted is not None:
            secrets |= secrets_in(
                item.kind.name, item.wanted, encrypt_fields=schemas.encrypt_fields
            )
    for finding in _dry_run(plan, live.client, schemas):
        yield replace(finding, words=scrub(finding.words, secrets))


def _dry_run(plan: Plan, client: AdminClient, schemas: Schemas) -> Iterator[Finding]:
    wanted = [(i, item) for i, item in enumerate(plan.items) if item.wanted is not None]
    if at_least(schemas.version, 3, 17):
        # Their dry run takes a credential's long id in standalone mode alone: with etcd
        # it refuses what PUT accepts.
        others = [one for one in wanted if one[1].kind.name != "credential"]
        yield from _all_at_once(others, client)
        wanted = [one for one in wanted if one[1].kind.name == "credential"]
    for index, item in wanted:
        found = list(_by_schema(index, item, schemas))
        if not found and at_least(schemas.version, 3, 5):
            found = list(_one_by_one(index, item, client))
        yield from found


def _all_at_once(
    wanted: list[tuple[int, PlannedItem]], client: AdminClient
) -> Iterator[Finding]:
    """`configs/validate` (3.17 and later) checks schemas and plugins of everything."""
    bodies: dict[str, list[Any]] = defaultdict(list)
    index_of: dict[tuple[str, int], int] = {}
    for index, item in wanted:
        path = item.kind.path
        body = {"id": item.id} | (item.wanted or {})
        index_of[path, len(bodies[path])] = index
        bodies[path].append(body)
    if not bodies:
        return
    try:
        client.validate_configs(bodies)
    except Invalid as error:
        if not error.errors:
            yield _refused(wanted[0][0], str(error.detail))
        for one in error.errors:
            at = (one.resource_type, one.index)
            yield _refused(index_of.get(at, wanted[0][0]), one.words)


def _one_by_one(
    index: int, item: PlannedItem, client: AdminClient
) -> Iterator[Finding]:
    """`schema/validate` (3.5 and later) checks one document's schema."""
    if item.kind.name in {"plugin_metadata", "secret", "credential"}:
        return  # it knows no schema of these
    try:
        client.validate(item.kind.name, {**(item.wanted or {}), "id": item.id})
    except NotOffered:
        return
    except Invalid as error:
        yield _refused(index, error.detail)


def _by_schema(index: int, item: PlannedItem, schemas: Schemas) -> Iterator[Finding]:
    """Our own copy of the gateway's schemas, plugins included."""
    for violation in schemas.violations(item.kind.name, item.wanted or {}):
        yield _refused(index, violation.words, violation.path)


def _refused(index: int, words: str, path: str = "") -> Finding:
    return INVALID_DOCUMENT.finding(
        index,
        path=path,
        words=f"The gateway would refuse it: {words}",
        mend="Correct the field it names.",
    )


SUBJECT = Subject(
    title=gettext_noop("Would the gateway accept it"),
    matters=gettext_noop(
        "What the gateway's own schema refuses is refused at delivery, when the change is approved already."
    ),
    checks=(kind_not_offered, unknown_plugin, gateway_dry_run),
    codes=(KIND_NOT_OFFERED, UNKNOWN_PLUGIN, INVALID_DOCUMENT),
)
