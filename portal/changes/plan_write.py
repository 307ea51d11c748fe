"""Work out what one write through the Admin API comes to, before anything is stored."""

import time
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext

from gateway.admin_api.judge import expect_unused, judge
from gateway.admin_api.write import Refused, Write, stamped
from gateway.catalogue import catalogue_of
from gateway.documents import same
from gateway.fingerprint import fingerprint_key
from gateway.kinds import Kind
from gateway.live import Live
from gateway.models import Gateway, Resource
from gateway.redaction import resolve
from gateway.schemas import Schemas
from portal.accounts.models import Person
from portal.changes.asked import ChangeAsked, ItemAsked
from portal.changes.bringing import with_keys
from portal.changes.checks import (
    certificates,
    destinations,
    ownership,
    policy,
    run_checks,
    secrets,
)
from portal.changes.gathered import Draft, Drafted
from portal.changes.models import Action
from portal.changes.plan import (
    Plan,
    PlannedItem,
    gateway_or_down,
    plan_items,
)
from portal.changes.propose import (
    unblocked,
)

Document = dict[str, Any]

# What of the desk's own rules stops a write at once; the others look at all of a change.
AT_ONCE = (
    secrets.SUBJECT,
    destinations.SUBJECT,
    certificates.SUBJECT,
    policy.SUBJECT,
    ownership.SUBJECT,
)


@dataclass(frozen=True, kw_only=True)
class Planned:
    """What a write comes to: `item` is None where it takes back what the draft had."""

    kind: Kind
    key: str
    shown: Document | None
    is_new: bool
    item: PlannedItem | None


def plan_write(
    write: Write, key: str, asked: ChangeAsked, draft: Draft, *, asker: Person
) -> Planned:
    """Work out what a write comes to, over the draft and what is live."""
    kind = write.kind
    with gateway_or_down(asked.gateway) as client:
        schemas, live = catalogue_of(asked.gateway, client), Live(client)
        held = Drafted(live, draft)
        now, beneath = held.find(kind.name, key), live.find(kind.name, key)
        if kind.name in live.not_offered:
            raise Refused(live.not_offered[kind.name])
        wanted = write.wanted(key, now)
        if wanted is not None and write.method == "PATCH" and kind.write_only:
            wanted = _with_known_keys(asked.gateway, kind, key, wanted)
        if wanted is None:
            expect_unused(kind, key, held)
        else:
            for known in (now, beneath):
                wanted, _ = resolve(
                    kind.name,
                    wanted,
                    known or {},
                    key=fingerprint_key(),
                    encrypt_fields=schemas.encrypt_fields,
                )
            judge(kind, key, wanted, held=held, client=client, schemas=schemas)
        item = None
        if wanted is not None or beneath is not None:
            [item] = plan_items(
                _asked_for(asked, kind, key, wanted, beneath), live, schemas
            )
            plan = Plan(gateway=asked.gateway, items=[item], asker=asker)
            found = run_checks(plan, held, schemas, AT_ONCE)
            unblocked(replace(plan, findings=found))
    is_there = _is_same(kind, beneath, wanted, schemas)
    return Planned(
        kind=kind,
        key=key,
        shown=_told(item, kind, beneath, is_there=is_there),
        is_new=now is None,
        item=None if is_there else item,
    )


def _with_known_keys(
    gateway: Gateway, kind: Kind, key: str, wanted: Document
) -> Document:
    """Add what the gateway holds and never shows, where this desk brought it there.

    Raises Refused.
    """
    known = Resource.objects.filter(
        gateway=gateway, kind=kind.name, resource_id=key
    ).first()
    whole = with_keys(kind.name, wanted, known.whole()) if known else wanted
    if "key" not in whole:
        raise Refused(
            gettext(
                "Gatehouse does not know this certificate's private key, which the gateway "
                "never shows. Send certificate and key with the patch."
            )
        )
    return whole


def _told(
    item: PlannedItem | None, kind: Kind, beneath: Document | None, *, is_there: bool
) -> Document | None:
    """Return what may be seen of a written document, with the times of a gateway's."""
    if item is None or item.shown_wanted is None:
        return None
    at = (beneath or {}).get("update_time") if is_there else None
    return stamped(kind, item.shown_wanted, beneath, at or int(time.time()))


def _asked_for(
    asked: ChangeAsked,
    kind: Kind,
    key: str,
    wanted: Document | None,
    beneath: Document | None,
) -> ChangeAsked:
    action = Action.CREATE if beneath is None else Action.UPDATE
    if wanted is None:
        action = Action.DELETE
    one = ItemAsked(
        action=action, kind=kind.name, id=key, document=wanted, replace=True
    )
    return ChangeAsked(gateway=asked.gateway, reason=asked.reason, items=(one,))


def _is_same(
    kind: Kind, live: Document | None, wanted: Document | None, schemas: Schemas
) -> bool:
    """Say whether the gateway holds what is wanted, as far as that can be read."""
    if live is None or wanted is None:
        return live is wanted
    return not kind.write_only & wanted.keys() and same(
        kind.name, live, wanted, version=schemas.version, schemas=schemas
    )
