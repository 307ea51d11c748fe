"""The forms that give roles and make groups."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth.models import Group
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gateway.models import Gateway
from portal.accounts.groups import NAME_LIMIT
from portal.accounts.models import Membership, Ownership, Person
from portal.accounts.policy.deciding import REASON_LIMIT
from portal.accounts.roles import Role
from portal.web.policy.asking import Reach

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class NamedPerson(forms.CharField):
    """Somebody by their user name: a list of everybody would be long."""

    widget = forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})

    def clean(self, value: Any) -> Any:
        name = super().clean(value).replace("\x00", "")
        if not name:
            return None
        person = Person.objects.filter(username=name).first()
        if person is None:
            raise forms.ValidationError(gettext("Nobody has this user name."))
        return person


def _reason() -> forms.CharField:
    return forms.CharField(
        max_length=REASON_LIMIT,
        label=_("Why"),
        help_text=_("Whoever accepts it reads this; it stays in the audit."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )


def _where(label: "StrOrPromise") -> forms.ModelChoiceField:
    return forms.ModelChoiceField(
        Gateway.objects.none(),
        required=False,
        label=label,
        empty_label=_("All gateways"),
        to_field_name="slug",
    )


class OnGateways(forms.Form):
    """A form whose gateway is one that somebody administers, or all if those are."""

    def __init__(self, reach: Reach, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["gateway"]
        field.queryset = reach.gateways  # type: ignore[attr-defined]
        if not reach.everywhere:
            field.required, field.empty_label = True, None  # type: ignore[attr-defined]


class GrantForm(OnGateways):
    """Who gets which role where. `made()` gives the row, which nobody has judged yet."""

    person = NamedPerson(
        required=False,
        max_length=150,
        label=_("To the person"),
        help_text=_("Their user name; leave it empty to give the role to a group."),
    )
    group = forms.ModelChoiceField(
        Group.objects.order_by("name"),
        required=False,
        label=_("Or to the group"),
        empty_label=_("No group"),
    )
    role = forms.ChoiceField(choices=Role.choices, label=_("Role"))
    gateway = _where(_("On"))
    reason = _reason()

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if not self.errors and bool(given.get("person")) == bool(given.get("group")):
            self.add_error(
                "person", gettext("Name a person, or choose a group: one of the two.")
            )
        return given

    def made(self) -> Membership:
        """Return what a valid form asks for, unsaved."""
        names = ("person", "group", "role", "gateway")
        return Membership(**{name: self.cleaned_data[name] for name in names})


class GroupForm(forms.Form):
    name = forms.CharField(max_length=NAME_LIMIT, label=_("Name of the group"))


class Labels(forms.CharField):
    """Labels as `name=value`, separated by commas."""

    def clean(self, value: Any) -> dict[str, str]:
        text, found = super().clean(value), {}
        for one in filter(None, map(str.strip, text.split(","))):
            name, equals, worth = map(str.strip, one.partition("="))
            if not (name and equals and worth):
                raise forms.ValidationError(
                    gettext("Write name=value, separated by commas.")
                )
            found[name] = worth
        return found


class PartForm(OnGateways):
    """What a group shall own. `made()` gives the row, which nobody has judged yet."""

    host = forms.CharField(
        required=False,
        max_length=253,
        label=_("Host"),
        help_text=_("Such as shop.example.com or *.example.com; empty: any."),
    )
    uri_prefix = forms.CharField(
        required=False,
        max_length=1_000,
        label=_("Path"),
        help_text=_("Such as /cart/: it and all below it; empty: any."),
    )
    labels = Labels(
        required=False,
        max_length=500,
        label=_("Labels"),
        help_text=_(
            "Such as team=shop. Without host and path: what bears them already."
        ),
    )
    gateway = _where(_("On gateway"))
    reason = _reason()

    def made(self, group: Group) -> Ownership:
        """Return what a valid form asks for, unsaved."""
        names = ("host", "uri_prefix", "labels", "gateway")
        given = {name: self.cleaned_data[name] for name in names}
        return Ownership(group=group, **given)


class JoinForm(forms.Form):
    person = NamedPerson(max_length=150, label=_("User name"))
    reason = _reason()


class ServiceAccountForm(forms.Form):
    """What a new service account is called."""

    name = forms.CharField(
        max_length=150,
        label=_("Name"),
        help_text=_(
            "Of the program, such as shop-ci: it stands in the audit for good."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
