"""Which entries of the ledger somebody may read."""

from django.db.models import Q

from portal.accounts.models import Person
from portal.accounts.roles import Verb, roles_allowing
from portal.audit.events import Event
from portal.audit.models import AuditEvent, AuditEventQuerySet

# What happens to a change that its author keeps to themselves.
UNSENT = (
    Event.CHANGE_DRAFTED,
    Event.CHANGE_GATHERED,
    Event.CHANGE_HELD_BACK,
    Event.CHANGE_DISCARDED,
)


def events_visible_to(person: Person) -> AuditEventQuerySet:
    """Return what this person may read of the ledger. At most one query by itself.

    Who may export on all gateways reads everything. Others read what concerns the
    gateways they may see, save what becomes of drafts, and what they did themselves.
    """
    events = AuditEvent.objects.all()
    if not person.is_active:
        return events.none()
    if person.is_superuser:
        return events
    held = list(person.held().values_list("role", "gateway_id", "gateway__slug"))
    everywhere = {role for role, gateway_id, _ in held if gateway_id is None}
    if everywhere.intersection(roles_allowing(Verb.EXPORT)):
        return events
    own = Q(actor_id=person.pk)
    events = events.filter(own | ~Q(event__in=UNSENT))
    if everywhere.intersection(roles_allowing(Verb.READ)):
        return events.filter(own | ~Q(gateway=""))
    slugs = [slug for _, _, slug in held if slug]
    return events.filter(own | Q(gateway__in=slugs))
