"""What operators do with an approved change: cancel it, or try a failed one again."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from portal.accounts.actor import Actor
from portal.accounts.roles import Verb
from portal.audit.events import Event
from portal.audit.ledger import Entry, record
from portal.changes import states
from portal.changes.errors import WrongState
from portal.changes.models import ChangeRequest, Delivery, DeliveryState
from portal.changes.outbox import hint_on_commit
from portal.changes.states import State


def _locked(change: ChangeRequest, actor: Actor) -> ChangeRequest:
    actor.require_present_person()
    locked = ChangeRequest.objects.locked().get(pk=change.pk)
    actor.require(Verb.OPERATE, locked.gateway)
    return locked


@transaction.atomic
def cancel(change: ChangeRequest, *, actor: Actor, comment: str = "") -> ChangeRequest:
    """Stop an approved change before a worker takes it; it becomes withdrawn.

    Raises NotPresent, NotAllowed, WrongState once delivery has begun.
    """
    change = _locked(change, actor)
    states.expect(change, State.APPROVED)
    Delivery.objects.filter(
        revision__change=change, state=DeliveryState.PENDING
    ).update(
        state=DeliveryState.CANCELLED, finished_at=timezone.now(), outcome="Cancelled."
    )
    states.move(change, State.WITHDRAWN)
    record(
        Entry(Event.CHANGE_CANCELLED, {"comment": comment.strip()}),
        actor=actor,
        subject=change,
    )
    return change


@transaction.atomic
def retry(change: ChangeRequest, *, actor: Actor) -> Delivery:
    """Queue a failed delivery again, as a new attempt of the same delivery.

    Raises NotPresent, NotAllowed, WrongState unless the change failed.
    """
    change = _locked(change, actor)
    states.expect(change, State.FAILED)
    revision = change.latest_revision()
    mine = Delivery.objects.select_for_update(no_key=True).filter(revision=revision)
    delivery = mine.first()
    if delivery is None:
        raise WrongState(
            gettext("Change #%(change)s has nothing to deliver.")
            % {"change": change.pk}
        )
    states.move(change, State.APPROVED)
    delivery.state = DeliveryState.PENDING
    delivery.queued_at = timezone.now()
    delivery.not_before = delivery.finished_at = delivery.trying_since = None
    delivery.tries, delivery.outcome = 0, ""
    delivery.save(
        update_fields=[
            "state",
            "queued_at",
            "not_before",
            "finished_at",
            "trying_since",
            "tries",
            "outcome",
        ]
    )
    hint_on_commit(delivery.pk)
    record(
        Event.DELIVERY_RETRIED, actor=actor, subject=change, revision=revision.number
    )
    return delivery
