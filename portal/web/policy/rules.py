"""The review rules: read by all, tried on a change or on what somebody describes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from portal.accounts.errors import NotAllowed
from portal.accounts.models import PolicyChange
from portal.accounts.presence import present_actor
from portal.accounts.roles import Verb
from portal.changes.models import ChangeRequest, RuleSet
from portal.changes.rules.changing import ReviewRules
from portal.changes.rules.demand import Demand
from portal.changes.rules.facts import described
from portal.changes.rules.in_force import Version, version_of
from portal.changes.rules.reading import tried, tried_on, versions, visible_rules
from portal.changes.rules.rule import Rule
from portal.changes.rules.words import need_words, rule_words
from portal.web.pages import PersonRequest, page
from portal.web.policy.rules_forms import TryForm


@dataclass(frozen=True)
class ShownRule:
    """A rule as a sentence."""

    rule: Rule

    @property
    def words(self) -> str:
        return rule_words(self.rule)


@dataclass(frozen=True)
class Tried:
    """What the rules say of something, and of what."""

    what: str
    demand: Demand

    @property
    def needs(self) -> Sequence[str]:
        return [need_words(need) for need in self.demand.needs]

    @property
    def rules(self) -> str:
        return ", ".join(rule.name for rule in self.demand.fitting)


@require_GET
@page
def rules_page(request: PersonRequest) -> HttpResponse:
    """Show a version of the rules, by default the newest, and try it."""
    person = request.user
    if not person.may_anywhere(Verb.READ):
        raise NotAllowed(gettext("You have no role yet. Ask an administrator for one."))
    all_versions = versions()
    newest = version_of(all_versions[0] if all_versions else None)
    version, chosen = _chosen(request.GET.get("version", ""), newest)
    is_trying = "try" in request.GET
    form = TryForm(person, request.GET if is_trying else None)
    done = None
    if is_trying and form.is_valid():
        done = _tried(version, form)
    shown = visible_rules(version, person)
    administers = present_actor(request).administers(None)
    wanted = PolicyChange.objects.open().filter(kind=ReviewRules.name)
    context = {
        "version": version,
        "chosen": chosen,
        "is_newest": version.number == newest.number,
        "rules": [ShownRule(rule) for rule in shown],
        "hidden": len(version.rules) - len(shown),
        "versions": all_versions,
        "changed": _changed(chosen),
        "wanted": wanted.visible_to(person).with_people(),
        "form": form,
        "tried": done,
        "administers": administers,
    }
    status = 400 if is_trying and form.errors else 200
    return render(request, "rules/page.html", context, status=status)


def _chosen(asked: str, newest: Version) -> tuple[Version, RuleSet | None]:
    """Return the version of the address; the newest where it names none."""
    number = newest.number
    if asked:
        if not (asked.isascii() and asked.isdigit() and len(asked) < 9):
            raise Http404
        number = int(asked)
    rows = RuleSet.objects.select_related("policy__author", "policy__decided_by")
    row = rows.filter(pk=number).first()
    if row is None and number:
        raise Http404
    return version_of(row), row


def _changed(chosen: RuleSet | None) -> list[str]:
    """Say what a version changed."""
    if chosen is None:
        return []
    return ReviewRules().sentences(chosen.policy.base, chosen.policy.wanted)


def _tried(version: Version, form: TryForm) -> Tried:
    given: dict[str, Any] = form.cleaned_data
    change: ChangeRequest | None = given["change"]
    if change is not None:
        return Tried(
            gettext("Change #%(change)s") % {"change": change.pk},
            tried_on(version, change),
        )
    facts = described(
        given["gateway"],
        channel=given["channel"],
        kind=given["kind"],
        action=given["action"],
        document=given["document"],
    )
    what = gettext("To %(action)s a %(kind)s on %(slug)s") % {
        "action": given["action"],
        "kind": given["kind"],
        "slug": given["gateway"].slug,
    }
    return Tried(what, tried(version, facts, given["gateway"]))
