"""What pages that ask for a change of policy share: when it counts, what waits, why."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render

from gateway.models import Gateway
from portal.accounts.actor import Actor
from portal.accounts.models import PolicyChange
from portal.accounts.policy.deciders import foretold
from portal.accounts.policy.foreseeing import foresee
from portal.accounts.roles import Verb
from portal.errors import GatehouseError
from portal.web.pages import PersonRequest

WAITING_SHOWN = 20


@dataclass(frozen=True)
class Reach:
    """Where whoever is present administers: everywhere, or on the gateways of these keys."""

    actor: Actor
    everywhere: bool
    keys: frozenset[int]

    @classmethod
    def of(cls, actor: Actor) -> "Reach":
        """Look it up, by two queries at most."""
        everywhere = actor.administers(None)
        found = () if everywhere else cls._gateways(actor).values_list("pk", flat=True)
        return cls(actor, everywhere, frozenset(found))

    def __bool__(self) -> bool:
        return self.everywhere or bool(self.keys)

    @property
    def gateways(self) -> QuerySet[Gateway]:
        """Return those in service. Lazy."""
        return self._gateways(self.actor)

    @cached_property
    def foretold(self) -> str:
        """Say when what they give on all gateways counts; "" where they do so on some."""
        if not self.everywhere or self.actor.person is None:
            return ""
        return foretold(self.actor.person, None)

    @staticmethod
    def _gateways(actor: Actor) -> QuerySet[Gateway]:
        if not actor.is_present_person or actor.person is None:
            return Gateway.objects.none()
        return actor.person.gateways(Verb.ADMINISTER)


def waiting(
    request: PersonRequest, *kinds: str, **about: Any
) -> QuerySet[PolicyChange]:
    """Return the open changes of these kinds that this person may see, newest first."""
    wanted = PolicyChange.objects.open().filter(kind__in=kinds, **about)
    return wanted.visible_to(request.user).with_people()[:WAITING_SHOWN]


def answer(request: PersonRequest, change: PolicyChange, back: str) -> HttpResponse:
    """Say what became of what was asked for: it counts, or it waits on its own page."""
    messages.success(request, change.outcome)
    return redirect(back if change.alone else change.get_absolute_url())


def confirmed(
    request: PersonRequest,
    wanted: dict[str, Any],
    ask: Callable[[str], PolicyChange],
    *,
    actor: Actor,
    title: str,
    back: str,
) -> HttpResponse:
    """Show what would be different and when, and ask why; a POST asks for it."""
    foreseen = foresee(**wanted, actor=actor)
    error, reason = None, request.POST.get("reason", "")
    if request.method == "POST":
        try:
            return answer(request, ask(reason), back)
        except GatehouseError as refused:
            error = refused
    context = {
        "title": title,
        "back": back,
        "foreseen": foreseen,
        "reason": reason,
        "error": error,
    }
    status = error.status if error else 200
    return render(request, "policy/ask.html", context, status=status)
