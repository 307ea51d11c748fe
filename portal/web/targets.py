"""Where one may promote what a gateway holds."""

from gateway.models import Gateway
from portal.accounts.models import Person
from portal.accounts.roles import Verb

SHOWN_TARGETS = 8


def targets_of(person: Person, source: Gateway) -> list[Gateway]:
    """Return other gateways on which the person may ask, a few of them. One query.

    None where the source is retired: it is not read any more.
    """
    if source.out_of_service:
        return []
    return list(person.gateways(Verb.ASK).exclude(pk=source.pk)[:SHOWN_TARGETS])
