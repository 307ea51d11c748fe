"""Who could accept a change of policy: another administrator of what it reaches."""

from django.conf import settings
from django.db.models import QuerySet

from gateway.models import Gateway
from portal.accounts.holders import people_who_count, people_who_may
from portal.accounts.models import Person, PolicyChange
from portal.accounts.policy.kinds import kind_of
from portal.accounts.roles import Verb
from portal.accounts.tie_words import why_not_second
from portal.accounts.vouchings import not_second_to

NOBODY_ELSE = "there is no second administrator"
NOT_ASKED_FOR = "POLICY_NEEDS_TWO is off"
ONLY_TAKES = "it only takes away, and two administrators remain"
# So many people are named beforehand.
NAMED = 5


def scope_of(gateway: Gateway | None) -> Gateway | None:
    """Return the scope of what reaches this gateway; a retired one has none of its own."""
    return None if gateway is None or gateway.retired_at else gateway


def others(author: Person, scope: Gateway | None) -> QuerySet[Person]:
    """Return who could accept what `author` asks for."""
    administrators = people_who_may(Verb.ADMINISTER, scope)
    return administrators.exclude(pk=author.pk).order_by("username")


def counting(author: Person, scope: Gateway | None) -> QuerySet[Person]:
    """Return of them whose word counts now, beside the author's."""
    return others(author, scope).exclude(not_second_to([author.pk]))


def why_alone(change: PolicyChange) -> str:
    """Say why one person is enough for this change; "" where two are needed."""
    kind = kind_of(change.kind)
    if kind.needs_two(change.base, change.wanted):
        return ""
    why = _why_alone(change.author, change.gateway)
    return why or (ONLY_TAKES if kind.needs_one(change.base, change.wanted) else "")


def foretold(author: Person, scope: Gateway | None) -> str:
    """Say beforehand what becomes of that which `author` asks for."""
    return _told(_why_alone(author, scope), author, scope)


def foretold_of(change: PolicyChange) -> str:
    """Say it of a change that is drafted."""
    return _told(why_alone(change), change.author, change.gateway)


def _told(alone: str, author: Person, scope: Gateway | None) -> str:
    if alone:
        return f"It counts at once: {alone}."
    able = counting(author, scope)
    names = [person.username for person in able[: NAMED + 1]]
    if not names and others(author, scope).exists():
        return (
            "It waits: who could accept it is no second person yet, for "
            f"{settings.NEW_REVIEWER_DAYS} days after one account let the other in."
        )
    if not names:
        return "It waits, and nobody could accept it now."
    if len(names) > NAMED:
        names[NAMED:] = ["another administrator"]
    return f"It counts once it is accepted, by {' or '.join(names)}."


def _why_alone(author: Person, scope: Gateway | None) -> str:
    if not settings.POLICY_NEEDS_TWO:
        return NOT_ASKED_FOR
    # Nobody becomes the only one by shutting the others out.
    counted = people_who_count(Verb.ADMINISTER, scope).exclude(pk=author.pk)
    return "" if counted.exists() else NOBODY_ELSE


def why_not_accept(change: PolicyChange, person: Person) -> str:
    """Say why somebody who may decide on it is no second person yet; "" if they are."""
    return why_not_second(person, [change.author_id], did="asked for this")


def may_decide(change: PolicyChange, person: Person) -> bool:
    """Say whether this person may accept or refuse it. One query."""
    return PolicyChange.objects.waiting_for(person).filter(pk=change.pk).exists()
