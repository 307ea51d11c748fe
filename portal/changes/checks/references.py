"""Does everything that is named exist, and does nothing name what goes away?

Our own graph: the gateway's guards read memory that lags, and some references it
does not guard at all (stream routes to upstreams, anything to certificates).
"""

from collections.abc import Iterator
from typing import Any

from gateway.client import AdminClient
from gateway.errors import Invalid, NotFound
from gateway.kinds import KINDS
from gateway.schemas import Schemas
from portal.changes.findings import Finding, Severity
from portal.changes.models import Action
from portal.changes.plan import Plan

Document = dict[str, Any]


def references_of(kind: str, document: Document) -> Iterator[tuple[str, str, str]]:
    """Yield (field path, kind, id) for everything this document refers to."""
    for reference in KINDS[kind].references:
        value: Any = document
        for part in reference.path:
            value = value.get(part) if isinstance(value, dict) else None
        if isinstance(value, str | int) and not isinstance(value, bool):
            yield ".".join(reference.path), reference.kind, str(value)
    plugins = document.get("plugins")
    if not isinstance(plugins, dict):
        return
    for at, upstream_id in _weighted_upstreams(plugins.get("traffic-split")):
        yield f"plugins.traffic-split.{at}", "upstream", upstream_id
    transcode = plugins.get("grpc-transcode")
    if isinstance(transcode, dict) and isinstance(transcode.get("proto_id"), str | int):
        yield "plugins.grpc-transcode.proto_id", "proto", str(transcode["proto_id"])


def _weighted_upstreams(split: Any) -> Iterator[tuple[str, str]]:
    rules = split.get("rules") if isinstance(split, dict) else None
    for i, rule in enumerate(rules if isinstance(rules, list) else []):
        weighted = rule.get("weighted_upstreams") if isinstance(rule, dict) else None
        for j, one in enumerate(weighted if isinstance(weighted, list) else []):
            if isinstance(one, dict) and isinstance(one.get("upstream_id"), str | int):
                at = f"rules.{i}.weighted_upstreams.{j}.upstream_id"
                yield at, str(one["upstream_id"])


def missing_reference(
    plan: Plan, client: AdminClient, schemas: Schemas
) -> Iterator[Finding]:
    """Every reference must exist live or be created by this change."""
    made = {(i.kind.name, i.id) for i in plan.items if i.action is not Action.DELETE}
    gone = {(i.kind.name, i.id) for i in plan.items if i.action is Action.DELETE}
    for index, item in enumerate(plan.items):
        wanted = list(references_of(item.kind.name, item.wanted or {}))
        if item.kind.name == "credential" and item.wanted is not None:
            wanted.append(("id", "consumer", item.id.partition("/")[0]))
        for path, kind, resource_id in wanted:
            target = (kind, resource_id)
            if target in made or (
                target not in gone and _exists(client, kind, resource_id)
            ):
                continue
            title = KINDS[kind].title.lower()
            yield Finding(
                code="missing_reference",
                severity=Severity.BLOCKER,
                item=index,
                path=path,
                words=f"It refers to {title} {resource_id}, which does not exist.",
                mend=f"Create that {title} in the same change, or name one that exists.",
            )


def _exists(client: AdminClient, kind: str, resource_id: str) -> bool:
    if not KINDS[kind].accepts_id(resource_id):
        return False
    try:
        client.get(kind, resource_id)
    except NotFound:
        return False
    return True


# Kinds whose documents may name another resource, and what they may name.
PLUGIN_HOLDERS = (
    "route",
    "service",
    "plugin_config",
    "consumer",
    "consumer_group",
    "global_rule",
)


def _may_refer(holder: str, target: str) -> bool:
    return any(r.kind == target for r in KINDS[holder].references) or (
        target in {"upstream", "proto"} and holder in PLUGIN_HOLDERS
    )


def _holders(kinds: set[str]) -> Iterator[str]:
    """Yield the kinds whose documents may refer to one of these kinds."""
    return (h for h in KINDS if any(_may_refer(h, kind) for kind in kinds))


def referrers(
    client: AdminClient, kind: str, resource_id: str
) -> Iterator[tuple[str, str]]:
    """Yield (kind, id) of everything live that refers to a resource. One list per kind."""
    for holder in _holders({kind}):
        for holder_id, document in _documents(client, holder).items():
            if any(
                (target, target_id) == (kind, resource_id)
                for _, target, target_id in references_of(holder, document)
            ):
                yield holder, holder_id


def other_rules_with(
    client: AdminClient, rule_id: str, wanted: Document
) -> Iterator[str]:
    """Yield ids of other global rules that hold a plugin of this one: at most one may."""
    plugins = set(wanted.get("plugins") or {})
    for other_id, document in _documents(client, "global_rule").items():
        if other_id != rule_id and plugins & set(document.get("plugins") or {}):
            yield other_id


def still_referenced(
    plan: Plan, client: AdminClient, schemas: Schemas
) -> Iterator[Finding]:
    """What is deleted must not be named by anything that stays. One list per kind."""
    deleted = {
        (item.kind.name, item.id): index
        for index, item in enumerate(plan.items)
        if item.action is Action.DELETE
    }
    after = {(item.kind.name, item.id): item.wanted for item in plan.items}
    for holder in _holders({kind for kind, _ in deleted}):
        for holder_id, document in _documents_after(client, holder, after).items():
            for path, kind, resource_id in references_of(holder, document):
                index = deleted.get((kind, resource_id), -1)
                if index >= 0:
                    yield Finding(
                        code="still_referenced",
                        severity=Severity.BLOCKER,
                        item=index,
                        words=(
                            f"The {KINDS[holder].title.lower()} {holder_id} still refers to "
                            f"it ({path})."
                        ),
                        mend="Change or delete that first, or in the same change.",
                    )


def _documents_after(
    client: AdminClient, kind: str, after: dict[tuple[str, str], Document | None]
) -> dict[str, Document]:
    """Return {id: document} of a kind as it will be once the change is applied."""
    documents = _documents(client, kind)
    for (changed_kind, resource_id), wanted in after.items():
        if changed_kind == kind:
            documents.pop(resource_id, None)
            if wanted is not None:
                documents[resource_id] = wanted
    return documents


def _documents(client: AdminClient, kind: str) -> dict[str, Document]:
    """Return {id: document} of all live resources of a kind."""
    try:
        return {entry.id: entry.document for entry in client.list(kind)}
    except Invalid:
        return {}  # stream routes, on a gateway without stream mode
