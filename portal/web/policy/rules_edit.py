"""Write other review rules: a working copy that travels with the form until it is asked for.

Nothing is kept between the steps, so that everything works without JavaScript and leaves
nothing behind.
"""

from dataclasses import dataclass, field

import orjson
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from portal.accounts.presence import present_actor
from portal.changes.errors import Malformed
from portal.changes.rules.changing import differences, propose_rules
from portal.changes.rules.examples import examples_beside
from portal.changes.rules.in_force import in_force
from portal.changes.rules.rule import Rule, rules_of
from portal.errors import GatehouseError
from portal.strict_json import NotStrict, read_value
from portal.web.pages import PersonRequest, page
from portal.web.policy.rules import ShownRule
from portal.web.policy.rules_forms import RuleForm


@dataclass
class Copy:
    """The rules as they are being written, and the version that they began as.

    `at` is the place of the rule that is open; its length: a new one; None: none is.
    """

    rules: list[Rule] = field(default_factory=list)
    begun_as: int = 0
    at: int | None = None
    form: RuleForm | None = None

    @property
    def as_json(self) -> str:
        return _json(self.rules)

    @property
    def indented(self) -> str:
        return _json(self.rules, orjson.OPT_INDENT_2)

    @property
    def shown(self) -> list[ShownRule]:
        return [ShownRule(rule) for rule in self.rules]

    @property
    def examples(self) -> list[ShownRule]:
        return [ShownRule(rule) for rule in examples_beside(self.rules)]

    def open(self, at: int) -> None:
        """Open a rule in the form, or a new one."""
        self.at = at
        initial = RuleForm.initial_of(self.rules[at]) if at < len(self.rules) else {}
        self.form = RuleForm(initial=initial)

    def open_example(self, name: str) -> None:
        """Open a new rule that begins as an example; one that is unknown is empty."""
        self.open(len(self.rules))
        found = next(
            (one for one in examples_beside(self.rules) if one.name == name), None
        )
        if found:
            self.form = RuleForm(initial=RuleForm.initial_of(found))

    def move(self, at: int, to: int) -> None:
        if 0 <= to < len(self.rules):
            self.rules[at], self.rules[to] = self.rules[to], self.rules[at]


@require_http_methods(["GET", "HEAD", "POST"])
@page
def edit_page(request: PersonRequest) -> HttpResponse:
    """Show the working copy; a POST takes one step with it, or asks for it."""
    actor = present_actor(request)
    actor.require_administrator()
    now = in_force()
    copy, error = Copy(list(now.rules), now.number), None
    reason = request.POST.get("reason", "")
    if request.method == "POST":
        try:
            copy = _sent(request)
            if request.POST.get("do") == "ask":
                change = propose_rules(
                    [rule.as_json() for rule in copy.rules],
                    reason=reason,
                    begun_as=copy.begun_as,
                    actor=actor,
                )
                messages.success(request, change.outcome)
                return redirect(change)
            _step(request, copy)
        except GatehouseError as refused:
            error = refused
    context = {
        "copy": copy,
        "points": differences(now.rules, copy.rules),
        "reason": reason,
        "error": error,
    }
    wrong = error is not None or (copy.form is not None and copy.form.errors)
    status = (error.status if error else 400) if wrong else 200
    return render(request, "rules/edit.html", context, status=status)


def _sent(request: PersonRequest) -> Copy:
    """Return the working copy that came with the form. Raises Malformed."""
    begun_as = request.POST.get("begun_as", "")
    number = int(begun_as) if begun_as.isascii() and begun_as.isdigit() else 0
    by_hand = request.POST.get("do") == "json"
    text = request.POST.get("json" if by_hand else "rules", "")
    try:
        return Copy(rules_of(read_value(text)), number)
    except NotStrict as error:
        raise Malformed(str(error), field="rules") from error


def _step(request: PersonRequest, copy: Copy) -> None:
    """Take the step whose button was pressed; one that makes no sense is none."""
    what, _, place = request.POST.get("do", "").partition(":")
    at = int(place) if place.isascii() and place.isdigit() else -1
    if what == "add":
        copy.open(len(copy.rules))
    if what == "example":
        copy.open_example(place)
    if what == "keep" and 0 <= at <= len(copy.rules):
        _keep(request, copy, at)
    if not 0 <= at < len(copy.rules):
        return
    if what == "edit":
        copy.open(at)
    elif what == "up":
        copy.move(at, at - 1)
    elif what == "down":
        copy.move(at, at + 1)
    elif what == "remove":
        del copy.rules[at]


def _keep(request: PersonRequest, copy: Copy, at: int) -> None:
    """Take the open rule into the copy, or leave it open with what is wrong."""
    copy.form = RuleForm(request.POST)
    copy.at = at
    rule = copy.form.made() if copy.form.is_valid() else None
    if rule is None:
        return
    others = [one.name for i, one in enumerate(copy.rules) if i != at]
    if rule.name in others:
        copy.form.add_error(
            "name", gettext("Another rule has this name. Give it its own.")
        )
        return
    copy.rules[at : at + 1] = [rule]
    copy.at = copy.form = None


def _json(rules: list[Rule], option: int = 0) -> str:
    return orjson.dumps([rule.as_json() for rule in rules], option=option).decode()
