"""Keep what a person types, before it makes sense to anybody else.

Nobody but its author sees a draft, and nothing refers to it; so its one revision is
written over each time, and the ledger holds that it was begun and what was sent of it.
"""

from django.db import transaction
from django.utils.translation import gettext

from portal.accounts.actor import Actor
from portal.accounts.roles import Verb
from portal.changes import states
from portal.changes.asked import ChangeAsked
from portal.changes.errors import Malformed, NotYours, WrongState
from portal.changes.models import ChangeRequest, Item, Revision
from portal.changes.propose import (
    check_words,
    draft,
    item_of,
    make_plan,
    request_digest,
)
from portal.changes.search import file_words
from portal.changes.states import State


def keep(
    asked: ChangeAsked, *, actor: Actor, kept: ChangeRequest | None = None
) -> ChangeRequest | None:
    """Keep a request as a draft, in `kept` where one was begun; the reason may lack.

    None where the very same was sent already. Raises NotPresent, NotYours, WrongState
    for what is no draft any more, and what `preview` raises.
    """
    if kept is None:
        change = draft(asked, actor=actor).change
        return change if change.state == State.DRAFT else None
    actor.require_present_person()
    person = actor.require(Verb.ASK, kept.gateway)
    if kept.author_id != person.pk:
        raise NotYours(gettext("Draft #%(kept)s is not yours.") % {"kept": kept.pk})
    if kept.token_id is not None:
        raise WrongState(
            gettext("Draft #%(kept)s is a program's. Write a revision of it.")
            % {"kept": kept.pk}
        )
    if asked.gateway.pk != kept.gateway_id:
        raise Malformed(
            gettext(
                "Draft #%(kept)s stays on %(gateway)s. Ask anew for another gateway."
            )
            % {"kept": kept.pk, "gateway": kept.gateway.slug},
            field="gateway",
        )
    check_words(asked, needs_reason=False)
    plan = make_plan(asked, asker=person, revises=kept)
    with transaction.atomic():
        change = ChangeRequest.objects.locked().get(pk=kept.pk)
        states.expect(change, State.DRAFT)
        revision = change.latest_revision()
        Item.objects.filter(revision=revision).delete()
        items = Item.objects.bulk_create(
            item_of(revision, position, item)
            for position, item in enumerate(plan.items)
        )
        Revision.objects.filter(pk=revision.pk).update(
            digest=plan.digest,
            findings=[finding.as_json() for finding in plan.findings],
            deliver_after=plan.terms.deliver_after,
            expires_after=plan.terms.expires_after,
            probe=plan.terms.probe.as_json() if plan.terms.probe else None,
        )
        change.title, change.reason = asked.title.strip(), asked.reason
        change.summary, change.request_digest = plan.summary, request_digest(asked)
        change.save(update_fields=["title", "reason", "summary", "request_digest"])
        file_words(change, items)
    return change
