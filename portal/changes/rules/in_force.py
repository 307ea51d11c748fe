"""Which version of the rules counts for a change.

The newest, until a change was decided on. What was decided stays decided: by which
version, the ledger says, which nobody can rewrite. So a rule made later neither undoes
an approval nor lets a forged row pass by an older one.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from django.utils.translation import gettext

from portal.audit.events import Event
from portal.audit.models import AuditEvent
from portal.changes.models import ChangeRequest, Revision, RuleSet
from portal.changes.owners import Owned
from portal.changes.rules.rule import Rule, rules_of
from portal.changes.states import State

# Details of the ledger's entry for each approval.
VERSION, DIGEST, OWNED = "rules_version", "rules_digest", "owned"
REACHED = "rules_by_routes"
# Still to be decided on: by what counts then.
UNDECIDED = (
    State.DRAFT,
    State.IN_REVIEW,
    State.CHANGES_REQUESTED,
    State.CONFLICTED,
)


@dataclass(frozen=True)
class Version:
    """A version of the rules; 0 is the time before there was any.

    `owned` is who owned what when a change was decided by it; None: nobody asked.
    `reached` names what fitted then by the routes that need it; None: not decided yet.
    """

    number: int = 0
    digest: str = ""
    rules: Sequence[Rule] = ()
    owned: tuple[Owned, ...] | None = None
    reached: frozenset[str] | None = None

    def as_details(
        self, owned: Sequence[Owned] = (), reached: Sequence[str] = ()
    ) -> dict[str, object]:
        """Return what the ledger keeps of it, and of whom it asked, with a decision."""
        details: dict[str, object] = {VERSION: self.number, DIGEST: self.digest}
        if owned:
            details[OWNED] = [asdict(one) for one in owned]
        return details | ({REACHED: list(reached)} if reached else {})


class RulesAltered(Exception):
    """What is stored of the rules is not what a change was decided by."""


def version_of(rule_set: RuleSet | None) -> Version:
    """Return a stored set of rules as it is used; None: no rule."""
    if rule_set is None:
        return Version()
    return Version(rule_set.version, rule_set.digest, rules_of(rule_set.rules))


def in_force() -> Version:
    """Return the rules that count now. One query."""
    return version_of(RuleSet.objects.first())


def version_for(change: ChangeRequest, revision: Revision) -> Version:
    """Return the rules that count for a revision. At most two queries.

    Raises RulesAltered.
    """
    if change.state in UNDECIDED:
        return in_force()
    details = (
        AuditEvent.objects.filter(
            event__in=(Event.CHANGE_APPROVED, Event.CHANGE_PASSED_BY_RULE),
            subject_type="change",
            subject_id=str(change.pk),
            revision=revision.number,
        )
        .order_by("-number")
        .values_list("details", flat=True)
        .first()
    )
    if details is None or VERSION not in details:
        return in_force()
    if not details[VERSION]:
        return Version()
    version = version_of(RuleSet.objects.filter(pk=details[VERSION]).first())
    if version.digest != details[DIGEST]:
        raise RulesAltered(
            gettext(
                "Version %(details)s of the review rules is not what this was decided by."
            )
            % {"details": details[VERSION]}
        )
    version = replace(version, reached=frozenset(details.get(REACHED, ())))
    if OWNED not in details:
        return version
    return replace(version, owned=tuple(map(_owned, details[OWNED])))


def _owned(kept: dict[str, Any]) -> Owned:
    return Owned(tuple(kept["groups"]), kept["what"], kept["more"])
