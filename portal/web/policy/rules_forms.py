"""The forms of the review rules: to try them, and to write one."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gateway.kinds import KINDS
from portal.accounts.actor import Channel
from portal.accounts.models import Person
from portal.changes.errors import Malformed
from portal.changes.models import Action, ChangeRequest
from portal.changes.rules.rule import KNOWN, NAME_LIMIT, Need, Rule, rule_of
from portal.strict_json import NotStrict, read_value

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

CHANNELS = [one for one in Channel.choices if one[0] in KNOWN["channels"]]
KIND_CHOICES = [(kind.name, kind.title) for kind in KINDS.values()]
# One line of what a rule needs: `2`, `1 from security or network` or `1 from the owners`.
NEED = re.compile(r"(\d{1,4})(?:\s+from\s+(.+))?", re.IGNORECASE)
OWNERS = re.compile(r"the\s+owners(?:\s*,?\s*else\s+(.+))?", re.IGNORECASE)
LISTED = ("gateways", "environments", "hosts", "uris", "labels", "plugins", "findings")
CHOSEN = ("channels", "kinds", "actions")


class TryForm(forms.Form):
    """A change, or what one might ask for."""

    change = forms.CharField(
        required=False,
        max_length=18,
        label=_("Change"),
        help_text=_("Its number, such as 128. Or describe one below."),
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    gateway = forms.ChoiceField(required=False, label=_("Gateway"))
    channel = forms.ChoiceField(
        required=False, label=_("By"), choices=CHANNELS, initial=Channel.PORTAL
    )
    action = forms.ChoiceField(
        required=False, label=_("Action"), choices=Action.choices
    )
    kind = forms.ChoiceField(
        required=False, label=_("Kind"), choices=KIND_CHOICES, initial="route"
    )
    document = forms.CharField(
        required=False,
        label=_("Document"),
        initial='{"uri": "/cart/*"}',
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
    )

    def __init__(self, person: Person, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._person = person
        self._gateways = {one.slug: one for one in person.gateways()}
        self.fields["gateway"].choices = [  # type: ignore[attr-defined]
            (slug, slug) for slug in self._gateways
        ]

    def clean_change(self) -> ChangeRequest | None:
        text = self.cleaned_data["change"].strip().lstrip("#")
        if not text:
            return None
        seen = ChangeRequest.objects.visible_to(self._person).select_related("gateway")
        found = text.isascii() and text.isdigit() and seen.filter(pk=int(text)).first()
        if not found:
            raise forms.ValidationError(
                gettext("There is no such change that you may see.")
            )
        return found

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if self.errors or given.get("change"):
            return given
        given["gateway"] = self._gateways.get(given["gateway"])
        for name in ("gateway", "channel", "action", "kind"):
            if not given[name]:
                self.add_error(
                    name, gettext("Choose one, or give the number of a change.")
                )
        try:
            given["document"] = read_value(given["document"] or "{}")
        except NotStrict as error:
            self.add_error("document", str(error))
        else:
            if not isinstance(given["document"], dict):
                self.add_error("document", gettext("Give a JSON object."))
        return given


def _listed(label: "StrOrPromise", help_text: "StrOrPromise" = "") -> forms.CharField:
    return forms.CharField(
        required=False,
        max_length=2_000,
        label=label,
        help_text=help_text,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


def _chosen(
    label: "StrOrPromise", choices: Iterable[tuple[str, "StrOrPromise"]]
) -> forms.Field:
    return forms.MultipleChoiceField(
        required=False,
        label=label,
        choices=list(choices),
        widget=forms.CheckboxSelectMultiple,
    )


class RuleForm(forms.Form):
    """One rule; what is left empty fits anything. `made()` gives it, judged."""

    name = forms.CharField(max_length=NAME_LIMIT, label=_("Name"))
    gateways = _listed(_("Gateways"), _("Slugs; several with commas, here and below."))
    environments = _listed(_("Environments"), _("Such as production."))
    hosts = _listed(_("Hosts"), _("Such as *.example.com."))
    uris = _listed(_("Addresses that begin with"), _("Such as /cart/*."))
    labels = _listed(_("Labels"), _("Such as team=shop, or team for any."))
    plugins = _listed(_("Plugins touched"), _("Such as key-auth."))
    findings = _listed(_("Findings"), _("Their codes, see What is checked."))
    channels = _chosen(_("Asked for by"), CHANNELS)
    actions = _chosen(_("Actions"), Action.choices)
    kinds = _chosen(_("Kinds"), KIND_CHOICES)
    items_at_least = forms.IntegerField(
        required=False, min_value=1, label=_("Items at least")
    )
    items_at_most = forms.IntegerField(
        required=False, min_value=1, label=_("Items at most")
    )
    needs = forms.CharField(
        required=False,
        max_length=2_000,
        label=_("Needs"),
        help_text=_(
            "One per line: 2, or 1 from security or network, or 1 from the owners, "
            "or 1 from the owners, else network: for what nobody owns."
        ),
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
    )
    last_editor_counts = forms.BooleanField(
        required=False,
        initial=True,
        label=_("Whoever wrote what it promotes, reverts or replaces counts"),
    )
    no_approval = forms.BooleanField(
        required=False,
        label=_("No approval is needed"),
        help_text=_(
            "Then say by which channels. It never fits production unless the "
            "environment is named."
        ),
    )
    despite_warnings = forms.BooleanField(
        required=False, label=_("Not even where a warning stands")
    )

    @classmethod
    def initial_of(cls, rule: Rule) -> dict[str, Any]:
        """Return the fields' values for a rule."""
        when = rule.when
        return {
            "name": rule.name,
            **{name: ", ".join(getattr(when, name)) for name in LISTED},
            **{name: list(getattr(when, name)) for name in CHOSEN},
            "items_at_least": when.items_at_least or None,
            "items_at_most": when.items_at_most or None,
            "needs": "\n".join(_need_line(need) for need in rule.needs),
            "last_editor_counts": rule.last_editor_counts,
            "no_approval": rule.no_approval,
            "despite_warnings": rule.despite_warnings,
        }

    def clean_needs(self) -> list[dict[str, Any]]:
        needs = []
        for line in filter(
            None, map(str.strip, self.cleaned_data["needs"].split("\n"))
        ):
            found = NEED.fullmatch(line)
            if found is None:
                raise forms.ValidationError(
                    gettext("%(line)r is not understood. Write 2, or 1 from security.")
                    % {"line": line[:80]}
                )
            whose = found[2] or ""
            owners = OWNERS.fullmatch(whose)
            named = owners[1] or "" if owners else whose
            needs.append(
                {
                    "approvals": int(found[1]),
                    "groups": [g for g in re.split(r"\s+or\s+|\s*,\s*", named) if g],
                    "owners": owners is not None,
                }
            )
        return needs

    def made(self) -> Rule | None:
        """Return the rule of a valid form; None once it has told what is wrong."""
        given = self.cleaned_data
        when = {
            **{name: _parts(given[name]) for name in LISTED},
            **{name: given[name] for name in CHOSEN},
            **{
                name: given[name]
                for name in ("items_at_least", "items_at_most")
                if given[name]
            },
        }
        said = ("name", "needs", "no_approval", "despite_warnings")
        document = {name: given[name] for name in (*said, "last_editor_counts")}
        try:
            return rule_of(document | {"when": when})
        except Malformed as error:
            named = [part for part in error.field.split(".") if part in self.fields]
            self.add_error(named[0] if named else None, str(error))
            return None


def _need_line(need: Need) -> str:
    """Return a need as `clean_needs` reads it."""
    groups = " or ".join(need.groups)
    if need.owners:
        return f"{need.approvals} from the owners{f', else {groups}' if groups else ''}"
    return f"{need.approvals} from {groups}" if groups else str(need.approvals)


def _parts(text: str) -> list[str]:
    return [part for part in map(str.strip, text.split(",")) if part]
