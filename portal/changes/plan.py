"""Work out what a request would do to the live gateway, before anything is stored.

Reads every touched document live. The result is what `propose` stores and what
`preview` shows: items with whole and redacted documents, and findings.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext

from gateway.canonical import canonical
from gateway.client import AdminClient
from gateway.connect import connect
from gateway.diff import Difference, diff
from gateway.documents import SERVER_MANAGED, digest
from gateway.errors import GatewayError
from gateway.fingerprint import fingerprint_key
from gateway.kinds import KINDS, Kind
from gateway.live import Live
from gateway.merge import MergeError, merge, whole
from gateway.models import Gateway, origin
from gateway.redaction import redact, resolve
from gateway.schemas import Schemas
from gateway.sentences import counted, sentence
from portal.accounts.models import Person
from portal.changes.asked import ChangeAsked, ItemAsked
from portal.changes.errors import GatewayDown, Malformed, NoSuchResource
from portal.changes.findings import Finding, Severity
from portal.changes.identity import choose_id
from portal.changes.models import Action, ChangeRequest, Item, Revision
from portal.changes.order import in_order
from portal.changes.terms import Terms

Document = dict[str, Any]

ITEM_LIMIT = 2_000
# From so many items of a kind on, one list is cheaper than reading each.
LIST_FROM = 50
SAID_ONE_BY_ONE = 5
# What a finding is called that refuses with 403 (checks/ownership.py).
NOT_OWNED_CODE = "not_owned"


@dataclass(frozen=True, kw_only=True)
class PlannedItem:
    """One resource: `base` and `wanted` are whole, the `shown_` pair is redacted.

    `asked` is what it was worked out from, the `position`-th of the request.
    `unresolved` lists the fields whose redacted value stands for a secret that the
    live resource does not hold there.
    """

    action: Action
    kind: Kind
    id: str
    base: Document | None
    wanted: Document | None
    shown_base: Document | None
    shown_wanted: Document | None
    base_digest: str
    wanted_digest: str
    asked: ItemAsked
    position: int
    unresolved: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """Say in one sentence what the item does, from its documents alone."""
        return sentence(
            self.action, self.kind.name, self.id, self.shown_base, self.shown_wanted
        )

    def field_at(self, path: str) -> str:
        """Return where the request says what stands at `path` of the document."""
        if path == self.kind.id_field and self.asked.id:
            return self.asked.at("id")
        if path or not self.asked.field:
            return self.asked.in_document(path)
        return self.asked.field

    @property
    def differences(self) -> list[Difference]:
        return diff(self.shown_base, self.shown_wanted)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What would be stored, and what the checks say of it.

    `revises` is the change that this is a new revision of, if any; `asker` is who asks
    for it, and may not ask for everything.
    """

    gateway: Gateway
    items: list[PlannedItem]
    terms: Terms = Terms()
    findings: list[Finding] = field(default_factory=list)
    revises: ChangeRequest | None = None
    asker: Person | None = None

    @property
    def blockers(self) -> list[Finding]:
        return [f for f in self.findings if f.severity is Severity.BLOCKER]

    def field_of(self, finding: Finding) -> str:
        """Return where the request says what a finding is about."""
        return self.items[finding.item].field_at(finding.path)

    @property
    def summary(self) -> str:
        """Say what the whole change does, from its items alone.

        Of a large one how many of what; its page names each.
        """
        return summed_up(
            [(item.action, item.kind.name, item.sentence) for item in self.items]
        )

    @property
    def digest(self) -> str:
        """Return what approvals are bound to."""
        return items_digest(
            self.gateway,
            [
                (i.action, i.kind.name, i.id, i.base_digest, i.wanted_digest)
                for i in self.items
            ],
            self.terms,
        )


def summed_up(items: Sequence[tuple[str, str, str]]) -> str:
    """Say what items do together, each given as (action, kind, sentence)."""
    if len(items) > SAID_ONE_BY_ONE:
        return counted((action, kind) for action, kind, _ in items)
    return "; ".join(sentence.rstrip(".") for _, _, sentence in items) + "."


def items_digest(
    gateway: Gateway, items: list[tuple[str, str, str, str, str]], terms: Terms
) -> str:
    """Return the SHA-256 (hex) over gateway, its address, the items in order, the terms.

    The address too: what was approved for one machine is not for another. An item is
    (action, kind, id, digest of its base, digest of what is wanted).
    """
    parts: list[object] = [
        gateway.slug,
        origin(gateway.admin_url),
        [[str(part) for part in item] for item in items],
    ]
    # Only where there are any: revisions from before they existed keep their digest.
    if told := terms.as_json():
        parts.append(told)
    return hashlib.sha256(canonical(parts)).hexdigest()


def document_digest(kind: str, document: Document | None) -> str:
    """Return the digest of a document under the installation's fingerprint key; "" for None."""
    return "" if document is None else digest(kind, document, key=fingerprint_key())


def stored_digest(revision: Revision, gateway: Gateway) -> str:
    """Recompute a revision's digest from its terms and the documents that would be sent."""
    return sealed_digest(revision.items.all(), gateway, revision.terms)


def sealed_digest(items: Iterable[Item], gateway: Gateway, terms: Terms) -> str:
    """Compute the digest of items in order, from their sealed documents, and terms."""
    return items_digest(
        gateway,
        [
            (
                item.action,
                item.kind,
                item.resource_id,
                document_digest(item.kind, item.whole_base()),
                document_digest(item.kind, item.whole_wanted()),
            )
            for item in items
        ],
        terms,
    )


@contextmanager
def gateway_or_down(
    gateway: Gateway, *, field: str = "gateway"
) -> Iterator[AdminClient]:
    """Give a client; turn its trouble into GatewayDown: nothing was stored."""
    try:
        client = connect(gateway)
        try:
            yield client
        finally:
            client.close()
    except GatewayError as error:
        raise GatewayDown(
            gettext(
                "Gateway %(gateway)s cannot be asked now, so nothing was stored: "
                "%(error)s Try again when it answers."
            )
            % {"gateway": gateway.slug, "error": error},
            field=field,
        ) from error


def read_ahead(live: Live, kinds: Iterable[str]) -> None:
    """Read lists where that is cheaper; `kinds` names one for each resource wanted."""
    for kind, count in Counter(kinds).items():
        if count >= LIST_FROM and kind in KINDS and KINDS[kind].parent is None:
            live.documents(kind)


def plan_items(asked: ChangeAsked, live: Live, schemas: Schemas) -> list[PlannedItem]:
    """Read each touched document live and work out what it shall become.

    Raises Malformed for input that makes no sense and NoSuchResource for an update or
    delete of something the gateway does not hold.
    """
    if not asked.items:
        raise Malformed(gettext("Give at least one item."), field="items")
    if len(asked.items) > ITEM_LIMIT:
        raise Malformed(
            gettext("Give at most %(limit)s items.") % {"limit": ITEM_LIMIT},
            field="items",
        )
    read_ahead(live, [item.kind for item in asked.items])
    planned: list[PlannedItem] = []
    seen: set[tuple[str, str]] = set()
    for position, item in enumerate(asked.items):
        one = _plan_item(item, position, live, schemas)
        key = (one.kind.name, one.id)
        if key in seen:
            raise Malformed(
                gettext(
                    "The %(one)s %(id)s stands twice in this change. Say once what shall "
                    "become of it."
                )
                % {"one": one.kind.title.lower(), "id": one.id},
                field=item.at(""),
            )
        seen.add(key)
        planned.append(one)
    return in_order(planned)


def _plan_item(
    asked: ItemAsked, position: int, live: Live, schemas: Schemas
) -> PlannedItem:
    kind, action = _kind_and_action(asked)
    document = _document(asked, action)
    resource_id = _id(asked, kind, action, document)
    base = live.find(kind.name, resource_id)
    if base is None and action is not Action.CREATE:
        raise NoSuchResource(
            gettext(
                "The gateway holds no %(kind)s %(resource_id)s. Look up its id, or create it."
            )
            % {"kind": kind.title.lower(), "resource_id": resource_id},
            field=asked.at("id"),
        )
    wanted: Document | None = None
    unresolved: tuple[str, ...] = ()
    if action is not Action.DELETE:
        try:
            if asked.replace:
                wanted = whole(kind.name, document)
            else:
                live_now = base if action is Action.UPDATE else None
                wanted = merge(kind.name, live_now or {}, document)
        except MergeError as error:
            raise Malformed(str(error), field=asked.in_document(error.field)) from error
        for name in SERVER_MANAGED:
            wanted.pop(name, None)
        wanted[kind.id_field] = _own_id(kind, resource_id)
        wanted, missing = resolve(
            kind.name,
            wanted,
            base or {},
            key=fingerprint_key(),
            encrypt_fields=schemas.encrypt_fields,
        )
        unresolved = tuple(missing)
    return PlannedItem(
        action=action,
        kind=kind,
        id=resource_id,
        base=base,
        wanted=wanted,
        shown_base=_shown(kind, base, schemas),
        shown_wanted=_shown(kind, wanted, schemas),
        base_digest=document_digest(kind.name, base),
        wanted_digest=document_digest(kind.name, wanted),
        asked=asked,
        position=position,
        unresolved=unresolved,
    )


def _kind_and_action(asked: ItemAsked) -> tuple[Kind, Action]:
    kind = KINDS.get(asked.kind)
    if kind is None:
        raise Malformed(
            gettext("There is no kind %(asked)r. Use one of %(kinds)s.")
            % {"asked": asked.kind, "kinds": ", ".join(sorted(KINDS))},
            field=asked.at("kind"),
        )
    if asked.action not in Action.values:
        raise Malformed(
            gettext("There is no action %(action)r. Use one of %(values)s.")
            % {"action": asked.action, "values": ", ".join(Action.values)},
            field=asked.at("action"),
        )
    return kind, Action(asked.action)


def _document(asked: ItemAsked, action: Action) -> Document:
    if action is Action.DELETE:
        if asked.document is not None:
            raise Malformed(
                gettext("A delete takes no document. Leave it out."),
                field=asked.in_document(""),
            )
        return {}
    if asked.document is None:
        raise Malformed(
            gettext("Give the document to %(value)s: a JSON object.")
            % {"value": action.value},
            field=asked.in_document(""),
        )
    return asked.document


def _id(asked: ItemAsked, kind: Kind, action: Action, document: Document) -> str:
    inside = document.get(kind.id_field)
    inside = str(inside) if isinstance(inside, str | int) else ""
    at = asked.at("id") if asked.id else asked.in_document(kind.id_field)
    if asked.id and inside and _own_id(kind, asked.id) != inside:
        raise Malformed(
            gettext(
                "The document says %(id_field)s %(inside)r, the item says id %(id)r. "
                "Make them agree or leave one out."
            )
            % {"id_field": kind.id_field, "inside": inside, "id": asked.id},
            field=at,
        )
    resource_id = asked.id or ("" if kind.name in {"credential", "secret"} else inside)
    if not resource_id and action is Action.CREATE:
        resource_id = choose_id(kind, document)
    if not resource_id:
        raise Malformed(
            gettext("Give the id: %(id_rule)s.") % {"id_rule": kind.id_rule},
            field=asked.at("id"),
        )
    if not kind.accepts_id(resource_id):
        raise Malformed(
            gettext(
                "%(resource_id)r is no id that APISIX accepts for a %(kind)s. Use "
                "%(id_rule)s."
            )
            % {
                "resource_id": resource_id[:80],
                "kind": kind.title.lower(),
                "id_rule": kind.id_rule,
            },
            field=at,
        )
    return resource_id


def _own_id(kind: Kind, resource_id: str) -> str:
    """Return the id as the document carries it: the last part of a nested one."""
    return resource_id if kind.name == "secret" else resource_id.rpartition("/")[2]


def _shown(kind: Kind, document: Document | None, schemas: Schemas) -> Document | None:
    if document is None:
        return None
    return redact(
        kind.name,
        document,
        key=fingerprint_key(),
        encrypt_fields=schemas.encrypt_fields,
    )
