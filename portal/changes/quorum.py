"""How many approvals count, and whether they prove that a revision may be delivered.

Nothing here is remembered: each answer is counted anew from the reviews, by what their
authors may do now, and from the rules (rules/in_force.py says of which version).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from django.contrib.auth.models import Group

from portal.accounts.roles import Verb
from portal.changes.inverse import (
    announcing_approvals,
    passed_by_rule,
    unproven_inverse,
)
from portal.changes.models import (
    DELIVERING,
    ChangeRequest,
    Review,
    Revision,
    Verdict,
)
from portal.changes.newcomers import without_newcomers
from portal.changes.plan import stored_digest
from portal.changes.requirements import Able, Requirement, missing_words, who_could
from portal.changes.rules.demand import Demand, Met, awaited, demanded, met_by
from portal.changes.rules.facts import facts_of
from portal.changes.rules.in_force import RulesAltered, Version, version_for
from portal.changes.rules.reading import of_gateways
from portal.changes.rules.rule import Need
from portal.changes.rules.words import rule_words
from portal.changes.states import State


@dataclass(frozen=True)
class Standing:
    """How far a revision is from its quorum; `missing` is for people and models.

    `given` and `required` count places, of which one person fills one at most.
    `broken` is the verdict by which somebody delivers it alone, if one holds, `groups`
    has the groups of each who approved, by primary key, `rules` name and words of each
    rule that fits, of `version`.
    """

    given: int
    required: int
    approvers: Sequence[Review]
    missing: str = ""
    met: "Sequence[Met[int]]" = ()
    demand: Demand = Demand(())
    version: Version = Version()
    broken: Review | None = None
    groups: Mapping[int, frozenset[str]] = field(default_factory=dict)
    requirements: Sequence[Requirement] = ()
    rules: Sequence[tuple[str, str]] = ()

    @property
    def has_quorum(self) -> bool:
        """Say whether enough approved it, or somebody may deliver it alone."""
        return self.broken is not None or self.given >= self.required

    @cached_property
    def awaited(self) -> frozenset[str]:
        """Return the groups of which one more approval would count; {""}: any would."""
        return awaited(self.demand, self.groups)

    def needs(self, review: Review) -> bool:
        """Say whether an approval takes a place that would be empty without it."""
        others = {
            who: held for who, held in self.groups.items() if who != review.reviewer_id
        }
        return sum(one.given for one in met_by(self.demand, others)) < self.given

    def as_details(self) -> dict[str, object]:
        """Return what the ledger keeps, with a decision, of what was asked for it."""
        return self.version.as_details(self.demand.owned, self.demand.reached)

    @property
    def passed_by(self) -> str:
        """Return the rule by which nothing is needed, or ""."""
        return self.demand.waived_by.name if self.demand.waived_by else ""


def standing(change: ChangeRequest, revision: Revision | None = None) -> Standing:
    """Say how many approvals the latest revision has and what is missing.

    An inverse has those of the revision that announced it, all that were needed.
    `revision` is the latest, where the caller has it: then it is not read again.
    """
    revision = revision or change.latest_revision()
    if revision.inverse_of is not None:
        approvals = announcing_approvals(revision.inverse_of)
        least = 0 if passed_by_rule(revision.inverse_of) else 1
        return Standing(len(approvals), max(len(approvals), least), approvals)
    try:
        version = version_for(change, revision)
    except RulesAltered as error:
        return Standing(0, 1, (), str(error))
    return _standing(change, revision, version)


def _standing(change: ChangeRequest, revision: Revision, version: Version) -> Standing:
    demand = demand_of(change, revision, version)
    counting = _Counting(change, revision, demand)
    met = met_by(demand, counting.groups)
    given = sum(one.given for one in met)
    requirements = [
        Requirement(
            one,
            [review for review in counting.approvals if review.reviewer_id in one.by],
            who_could(one.need, change.gateway, counting.barred, revision)
            if change.state == State.IN_REVIEW and one.lacking > 0
            else Able(),
        )
        for one in met
    ]
    missing = ""
    if change.state == State.IN_REVIEW:
        missing = missing_words(requirements, change, demand)
    return Standing(
        # Without rules a reviewer more than needed counts, too.
        max(given, len(counting.approvals)) if given >= demand.required else given,
        demand.required,
        counting.approvals,
        missing,
        met,
        demand,
        version,
        counting.broken,
        counting.groups,
        requirements,
        [
            (rule.name, rule_words(of_gateways(rule, (change.gateway.slug,))))
            for rule in demand.fitting
        ],
    )


def demand_of(change: ChangeRequest, revision: Revision, version: Version) -> Demand:
    """Return what the rules of a version, and the gateway, ask for.

    A rule by which nothing is needed counts where it let exactly this revision pass when
    it was submitted (pass_by_rule.py), not for one that waits for people already.
    """
    least = change.gateway.approvals_required
    if not version.rules:
        return Demand((Need(least),))
    facts = facts_of(change, revision, version.owned, version.reached)
    demand = demanded(version.rules, facts, least)
    if demand.waived_by and not passed_by_rule(revision):
        return Demand((Need(least),))
    return demand


@dataclass(frozen=True)
class _Counting:
    """Whose approvals count, for one revision."""

    change: ChangeRequest
    revision: Revision
    demand: Demand

    @cached_property
    def barred(self) -> set[int]:
        return barred_ids(self.change, self.demand)

    @cached_property
    def approvals(self) -> list[Review]:
        """Return the approvals that count now.

        Each names exactly this revision's digest and was given by somebody who is
        active, may still decide on this gateway, wrote none of the change and is not
        tied to somebody who did by who let whom in lately.
        """
        approvals = [
            review
            for review in self._verdicts
            if review.verdict == Verdict.APPROVE
            and review.reviewer_id not in self.barred
            and review.reviewer.may(Verb.DECIDE, self.change.gateway)
        ]
        return without_newcomers(approvals, self.barred)

    @cached_property
    def broken(self) -> Review | None:
        """Return by which verdict the glass is broken.

        Who does so may be an author, and must still hold the role for it.
        """
        for review in self._verdicts:
            if review.verdict == Verdict.BREAK_GLASS and review.reviewer.may(
                Verb.BREAK_GLASS, self.change.gateway
            ):
                return review
        return None

    @cached_property
    def _verdicts(self) -> list[Review]:
        """Return all verdicts on exactly this revision's digest by which it may go live."""
        verdicts = self.revision.reviews.filter(
            verdict__in=DELIVERING, digest=self.revision.digest
        )
        return list(verdicts.select_related("reviewer"))

    @cached_property
    def groups(self) -> dict[int, frozenset[str]]:
        """Return {primary key: names of groups} of who approved."""
        people = [review.reviewer_id for review in self.approvals]
        if not any(need.groups for need in self.demand.needs):
            return dict.fromkeys(people, frozenset())
        held = Group.objects.filter(user__in=people).values_list("user", "name")
        found = list(held)
        return {
            person: frozenset(name for who, name in found if who == person)
            for person in people
        }


def barred_ids(change: ChangeRequest, demand: Demand) -> set[int]:
    """Return who does not count: whoever wrote any of it, whatever a rule says.

    A rule may bar those, too, who wrote what it promotes, reverts or replaces.
    """
    barred = change.author_ids()
    if not demand.last_editor_counts:
        for earlier in (change.promotes, change.reverts, change.supersedes):
            barred |= earlier.author_ids() if earlier else set()
    return barred


def unproven(revision: Revision, change: ChangeRequest, now: datetime) -> str:
    """Say why this revision may not be delivered now; "" when its approval is proved.

    What is trusted are the reviews, the ledger and the sealed items, recomputed here, not
    a state that somebody may have written. The caller holds the change's lock.
    """
    if change.state not in (State.APPROVED, State.DELIVERING):
        return f"The change is {State(change.state).label.lower()}, not approved."
    if change.revisions.filter(number__gt=revision.number).exists():
        return f"Revision {revision.number} is not the latest."
    if stored_digest(revision, change.gateway) != revision.digest:
        return "The stored items, or the gateway's address, are not those that were reviewed."
    if revision.inverse_of is not None:
        return unproven_inverse(revision, revision.inverse_of, change.gateway, now)
    stand = standing(change)
    if not stand.has_quorum:
        return stand.missing or (
            f"{stand.given} of {stand.required} approvals count now: of exactly this "
            "revision, by active people who may decide, wrote none of it and were not "
            "let in lately by, or with, who did."
        )
    return ""
