"""What a new desk, or somebody new to it, does first: each step known by a fact."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from gateway.models import Gateway
from portal.accounts.models import ApiToken, Membership, Person
from portal.accounts.roles import Verb
from portal.changes.models import ChangeRequest
from portal.changes.states import State


@dataclass(frozen=True)
class Step:
    """A step, whether it is done, and where one takes it ("" where others must)."""

    title: str
    words: str
    url: str
    is_done: bool


def first_steps(
    person: Person, gateways: Sequence[Gateway], *, asks: bool, administers: bool
) -> list[Step]:
    """Return the steps in the order one takes them. One query.

    Who only reads is not taught to ask.
    """
    visible = person.gateways()
    deciding = Membership.objects.allowing(Verb.DECIDE).filter(
        Q(gateway=None) | Q(gateway__in=visible)
    )
    others = deciding.holders().filter(is_active=True).exclude(pk=person.pk)
    facts = Person.objects.filter(pk=person.pk).values_list(
        Exists(others),
        Exists(ChangeRequest.objects.filter(author=person, submitted_at__isnull=False)),
        Exists(ChangeRequest.objects.filter(gateway__in=visible, state=State.APPLIED)),
        Exists(
            ApiToken.objects.filter(person=person)
            .usable(timezone.now())
            .exclude(last_used_at=None)
        ),
    )
    reviewed, asked, applied, connected = facts.get()
    answers = Step(
        gettext("A gateway answers"),
        gettext("An administrator adds it, with the address and key of its Admin API."),
        reverse("admin:gateway_gateway_add") if administers else "",
        any(gateway.is_well for gateway in gateways),
    )
    decides = Step(
        gettext("Somebody else can decide"),
        gettext(
            "Nobody approves what they asked for: give a second person the role reviewer."
        ),
        reverse("admin:accounts_person_changelist") if administers else "",
        reviewed,
    )
    asking = Step(
        gettext("You ask for a change"),
        gettext("A route takes a minute: which address, and where it goes."),
        reverse("web:ask"),
        asked,
    )
    goes_live = Step(
        gettext("A change goes live"),
        gettext("Somebody approves, Gatehouse writes it and reads it back."),
        reverse("web:changes"),
        applied,
    )
    connecting = Step(
        gettext("ChatGPT, or another program, asks for you"),
        gettext("Let it in; whatever it asks for, people decide."),
        reverse("web:connect"),
        connected,
    )
    if asks:
        return [answers, decides, asking, goes_live, connecting]
    return [answers, decides, goes_live]
