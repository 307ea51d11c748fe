"""What programs are told of changes. Titles, reasons and comments are somebody's words:
invisible characters in them are made visible, and `message` never repeats them.
"""

from typing import Any

from django.db.models import QuerySet

from gateway.diff import Difference, diff
from gateway.models import Gateway
from gateway.sentences import sentence
from gateway.visible import visible
from portal.accounts.actor import Actor
from portal.accounts.models import Person
from portal.changes.message import link, message_for
from portal.changes.models import ChangeRequest, Delivery, Item, Review, Revision
from portal.changes.permissions import permissions
from portal.changes.plan import Plan
from portal.changes.quorum import standing
from portal.changes.schedule import explained, waits
from portal.changes.states import State
from portal.wire.answers.conflict import conflict
from portal.wire.answers.fit import fit, fitting

FINDINGS_LIMIT, ITEMS_LIMIT, WORDS_LIMIT, TALK_LIMIT = 100, 100, 2_000, 20
FINDINGS_ROOM, ITEMS_ROOM, TALK_ROOM = 15_000, 35_000, 15_000
LATEST = 5


def words(text: str, limit: int = WORDS_LIMIT) -> str:
    """Return somebody's words as data: made visible, and not without end."""
    shown = visible(text[:limit])
    return shown[:limit] + "…" if max(len(text), len(shown)) > limit else shown


def brief(change: ChangeRequest) -> dict[str, Any]:
    """Return one line of a list; no query when gateway and author are loaded."""
    return {
        "number": change.number,
        "state": change.state,
        "gateway": change.gateway.slug,
        "title": words(change.title, 300),
        "summary": words(change.summary, 500),
        "author": change.author.get_username(),
        "client": words(change.client, 200),
        "created_at": change.created_at,
        "url": link(change),
    }


def latest_changes(
    gateway: Gateway, kind: str, resource_id: str, person: Person
) -> list[dict[str, Any]]:
    """Return the latest changes that touch a resource. One query."""
    return [
        brief(change)
        for change in touching(gateway, kind, resource_id, person)[:LATEST]
    ]


def touching(
    gateway: Gateway, kind: str, resource_id: str, person: Person
) -> "QuerySet[ChangeRequest]":
    revisions = Item.objects.filter(kind=kind, resource_id=resource_id).values(
        "revision__change"
    )
    return (
        ChangeRequest.objects.visible_to(person)
        .filter(gateway=gateway, pk__in=revisions)
        .with_people()
        .order_by("-number")
    )


def approvals(change: ChangeRequest, revision: Revision) -> dict[str, Any]:
    """Return how many approvals there are, how many are needed and what is missing."""
    stand = standing(change, revision)
    return {
        "given": stand.given,
        "required": stand.required,
        "missing": stand.missing,
        "needs": [
            {
                "words": words(one.met.words, 500),
                "lacking": one.met.lacking,
                "given_by": [review.reviewer.get_username() for review in one.reviews],
                "can_give": words(one.able.words, 500),
                "rules": [words(name) for name in one.met.asked_by],
            }
            for one in stand.requirements
        ],
    }


def filed(change: ChangeRequest) -> dict[str, Any]:
    """Return the answer to a request that filed a change."""
    revision = change.latest_revision()
    told = brief(change) | {
        "revision": revision.number,
        "approvals": approvals(change, revision),
        "findings": findings(revision.findings),
    }
    return {"change": told, "message": message_for(change, revision)}


def whole(change: ChangeRequest, actor: Actor) -> dict[str, Any]:
    """Return everything a program may know of one change. A fixed number of queries.

    A conflicted one is held against its gateway now.
    """
    revision = change.latest_revision()
    rows = list(revision.items.all()[: ITEMS_LIMIT + 1])
    items, items_cut = fitting((_item(row) for row in rows[:ITEMS_LIMIT]), ITEMS_ROOM)
    reviews, reviews_cut = fitting(_reviews(change), TALK_ROOM)
    comments, comments_cut = fitting(_comments(change), TALK_ROOM)
    told = brief(change) | {
        "explained": explained(change, revision, waits(change, revision)),
        "reason": words(change.reason),
        "channel": change.channel,
        "revision": revision.number,
        "approvals": approvals(change, revision),
        "deliver_after": revision.deliver_after,
        "expires_after": revision.terms.as_json().get("expires_after"),
        "probe": revision.probe,
        "findings": findings(revision.findings),
        "items": items,
        "reviews": reviews,
        "comments": comments,
        "delivery": _delivery(revision),
        "may_withdraw": permissions(change, actor=actor).withdraw,
    }
    if change.state == State.CONFLICTED:
        told["conflict"] = conflict(change)
    if items_cut or reviews_cut or comments_cut or len(rows) > ITEMS_LIMIT:
        told["note"] = f"Not everything fits into one answer; all of it: {link(change)}"
    return {"change": told, "message": message_for(change, revision)}


def previewed(plan: Plan) -> dict[str, Any]:
    """Return what a request would do, and what stands in its way."""
    blocked = len(plan.blockers)
    if blocked:
        message = (
            f"It would be refused: {blocked} "
            f"{'blocker stands' if blocked == 1 else 'blockers stand'} in the way. "
            "Mend what the findings name. Nothing was stored."
        )
    else:
        message = f"It would be accepted for review: {plan.summary} Nothing was stored."
    items, items_cut = fitting(
        (
            {
                "action": str(item.action),
                "kind": item.kind.name,
                "id": item.id,
                "sentence": words(item.sentence),
                "differences": differences(item.differences),
            }
            for item in plan.items[:ITEMS_LIMIT]
        ),
        ITEMS_ROOM,
    )
    if items_cut or len(plan.items) > ITEMS_LIMIT:
        message += (
            f" Of {len(plan.items):,} items the first {len(items)} are told here."
        )
    return {
        "gateway": plan.gateway.slug,
        "accepted": not blocked,
        "summary": words(plan.summary),
        "items": items,
        "findings": findings(
            [one.as_json() | {"field": plan.field_of(one)} for one in plan.findings]
        ),
        "message": words(message, 3_000),
    }


def findings(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the heaviest findings, as many as fit."""
    weight = {"blocker": 0, "warning": 1, "info": 2}
    heaviest = sorted(found, key=lambda one: weight.get(str(one.get("severity")), 3))
    return fitting(
        (
            {
                key: words(v) if isinstance(v, str) else v
                for key, v in one.items()
                if key != "example"  # its words hold it
            }
            for one in heaviest[:FINDINGS_LIMIT]
        ),
        FINDINGS_ROOM,
    )[0]


def differences(found: list[Difference]) -> list[dict[str, Any]]:
    """Return field by field what changes; long values are cut."""
    return [
        {
            "path": one.dotted[:300],
            "op": str(one.op),
            "words": words(one.describe(), 500),
            "before": fit(one.before, 1_500)[0],
            "after": fit(one.after, 1_500)[0],
        }
        for one in found[:200]
    ]


def _item(item: Item) -> dict[str, Any]:
    return {
        "action": item.action,
        "kind": item.kind,
        "id": item.resource_id,
        "sentence": words(
            sentence(item.action, item.kind, item.resource_id, item.base, item.wanted)
        ),
        "differences": differences(diff(item.base, item.wanted)),
    }


def _reviews(change: ChangeRequest) -> list[dict[str, Any]]:
    return [
        {
            "revision": review.revision.number,
            "reviewer": review.reviewer.get_username(),
            "verdict": review.verdict,
            "comment": words(review.comment),
            "at": review.created_at,
        }
        for review in Review.objects.filter(revision__change=change)
        .select_related("revision", "reviewer")
        .order_by("-pk")[:TALK_LIMIT]
    ]


def _comments(change: ChangeRequest) -> list[dict[str, Any]]:
    return [
        {
            "author": comment.author.get_username(),
            "text": words(comment.text),
            "at": comment.created_at,
        }
        for comment in change.comments.select_related("author").order_by("-pk")[
            :TALK_LIMIT
        ]
    ]


def _delivery(revision: Revision) -> dict[str, Any] | None:
    delivery = (
        Delivery.objects.filter(revision=revision).select_related("probe").first()
    )
    if delivery is None:
        return None
    return {
        "state": delivery.state,
        "outcome": words(delivery.outcome),
        "attempts": delivery.attempts.count(),
        "finished_at": delivery.finished_at,
        "nodes": [
            {
                "url": node.url,
                "state": node.state,
                "milliseconds": node.milliseconds,
                "words": words(node.words, 500),
            }
            for node in delivery.sightings.all()
        ],
        "probe": {"state": delivery.probe.state, "tries": delivery.probe.tries}
        if hasattr(delivery, "probe")
        else None,
    }
