"""Forms for files that go out and come in."""

from django import forms
from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gateway.models import Gateway
from portal.accounts.models import Person
from portal.accounts.roles import Verb
from portal.changes.transfer.export import POSSIBLE
from portal.changes.transfer.formats import Format, Secrets
from portal.web.asking.request_form import TimedForm

NEEDS = {Secrets.SEALED: Verb.EXPORT, Secrets.CLEAR: Verb.ADMINISTER}


class ExportForm(forms.Form):
    """Which file to write: those that this person may have."""

    file = forms.ChoiceField(
        help_text=_(
            "Gateways never show private keys: only those set from here are in a file."
        ),
        label=_("File"),
    )

    def offer(self, person: Person, gateway: Gateway) -> None:
        """Offer what this person may have of this gateway."""
        self.fields["file"].choices = [  # type: ignore[attr-defined]
            (f"{format}:{secrets}", f"{format.label}, {secrets.label}")
            for format, ways in POSSIBLE.items()
            for secrets in ways
            if secrets not in NEEDS or person.may(NEEDS[secrets], gateway)
        ]

    def wanted(self) -> tuple[Format, Secrets]:
        """Return what a valid form asks for."""
        format, _, secrets = self.cleaned_data["file"].partition(":")
        return Format(format), Secrets(secrets)


class ImportForm(TimedForm):
    """A file that the gateway shall be brought to."""

    field_order = ("file", "format", "delete_missing", "reason", "title")

    file = forms.FileField(
        allow_empty_file=True,
        error_messages={"required": _("Choose a file.")},
        help_text=_("In UTF-8, without aliases and tags."),
        label=_("File"),
    )
    format = forms.ChoiceField(
        choices=Format.choices,
        help_text=_(
            "A backup of Gatehouse's, apisix.yaml as APISIX reads it without an Admin "
            "API, or the file of ADC, the declarative command line."
        ),
        label=_("Format"),
    )
    delete_missing = forms.BooleanField(
        required=False,
        label=_("Delete what the file does not name"),
        help_text=_("Otherwise it stays as it is."),
    )

    def clean_file(self) -> bytes:
        """Return what the file holds."""
        file = self.cleaned_data["file"]
        if file.size > settings.IMPORT_LIMIT:
            raise forms.ValidationError(
                gettext("The file is larger than %(import_limit)s bytes. Split it.")
                % {"import_limit": f"{settings.IMPORT_LIMIT:,}"}
            )
        source: bytes = file.read()
        return source
