"""What the frame around every page shows. Lazy: pages without it ask nothing."""

from typing import Any

from django.db.models import Count, QuerySet, Subquery, Value
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext

from portal.accounts.models import Person
from portal.accounts.roles import Role, Verb, roles_allowing
from portal.audit.models import LedgerCheck
from portal.changes.models import ChangeRequest
from portal.changes.waiting import to_decide
from portal.notifications.models import Notification

SHOWN_GATEWAYS = 8


class Frame:
    """The signed-in person's corner of the page. Five queries at most."""

    def __init__(self, person: Person) -> None:
        roles, self.audit_trouble = _held(person)
        self.role = (
            gettext("superuser") if person.is_superuser else ", ".join(_names(roles))
        )
        self.asks = person.is_superuser or bool(
            set(roles).intersection(roles_allowing(Verb.ASK))
        )
        self.decides = person.is_superuser or bool(
            set(roles).intersection(roles_allowing(Verb.DECIDE))
        )
        self.administers = person.is_superuser or bool(
            set(roles).intersection(roles_allowing(Verb.ADMINISTER))
        )
        self.gateways = list(person.gateways()[: SHOWN_GATEWAYS + 1])
        self.has_more_gateways = len(self.gateways) > SHOWN_GATEWAYS
        self.gateways = self.gateways[:SHOWN_GATEWAYS]
        self.waiting, self.unread = _counts(person, decides=self.decides)


def _counts(person: Person, *, decides: bool) -> tuple[int, int]:
    """Return how much waits for a decision, and is unread in the inbox. One query."""
    waiting = to_decide(person) if decides else ChangeRequest.objects.none()
    unread = Notification.objects.shown_to(person).unread()
    counts = Person.objects.filter(pk=person.pk).values_list(
        *(_counted(rows) for rows in (waiting, unread))
    )
    return tuple(count or 0 for count in counts.get())  # type: ignore[return-value]


def _counted(rows: "QuerySet[Any]") -> Subquery:
    one = rows.order_by().annotate(one=Value(1)).values("one")
    return Subquery(one.annotate(count=Count("pk")).values("count"))


def _held(person: Person) -> tuple[list[str], str]:
    """Return the roles somebody has, and what breaks the audit, if so. One query."""
    broken = LedgerCheck.objects.exclude(broken_at=None).values("broken_words")
    if person.is_superuser:
        return [], broken.values_list("broken_words", flat=True).first() or ""
    held = list(person.held().values_list("role", Subquery(broken[:1])))
    return [role for role, _ in held], (held[0][1] or "") if held else ""


def _names(roles: list[str]) -> list[str]:
    return [role.value for role in Role if role.value in set(roles)]


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `frame`, or nothing for strangers."""
    person = getattr(request, "user", None)
    if not isinstance(person, Person):
        return {}
    return {"frame": SimpleLazyObject(lambda: Frame(person))}
