"""The forms that give roles and make groups."""

from typing import Any

from django import forms
from django.contrib.auth.models import Group

from gateway.models import Gateway
from portal.accounts.groups import NAME_LIMIT
from portal.accounts.models import Membership, Person
from portal.accounts.roles import Role


class NamedPerson(forms.CharField):
    """Somebody by their user name: a list of everybody would be long."""

    widget = forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})

    def clean(self, value: Any) -> Any:
        name = super().clean(value).replace("\x00", "")
        if not name:
            return None
        person = Person.objects.filter(username=name).first()
        if person is None:
            raise forms.ValidationError("Nobody has this user name.")
        return person


class GrantForm(forms.Form):
    """Who gets which role where. `made()` gives the row, which nobody has judged yet."""

    person = NamedPerson(
        required=False,
        max_length=150,
        label="To the person",
        help_text="Their user name; leave it empty to give the role to a group.",
    )
    group = forms.ModelChoiceField(
        Group.objects.order_by("name"),
        required=False,
        label="Or to the group",
        empty_label="No group",
    )
    role = forms.ChoiceField(choices=Role.choices, label="Role")
    gateway = forms.ModelChoiceField(
        Gateway.objects.in_service(),
        required=False,
        label="On",
        empty_label="All gateways",
        to_field_name="slug",
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if not self.errors and bool(given.get("person")) == bool(given.get("group")):
            self.add_error(
                "person", "Name a person, or choose a group: one of the two."
            )
        return given

    def made(self) -> Membership:
        """Return what a valid form asks for, unsaved."""
        return Membership(**self.cleaned_data)


class GroupForm(forms.Form):
    name = forms.CharField(max_length=NAME_LIMIT, label="Name of the group")


class JoinForm(forms.Form):
    person = NamedPerson(max_length=150, label="User name")
