"""The part of a request that says how the change proves itself once it is live."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal.changes.errors import Malformed
from portal.changes.probe import METHODS, PATH_LIMIT, TEXT_LIMIT, Probe
from portal.web.fields.header_lines import HeaderLinesField

# Where a refusal of a probe points; any other is named as the field is.
FIELDS = {"expect.status": "status", "expect.body_contains": "contains"}
# What is judged in place of what is missing or wrong already.
RIGHT: dict[str, Any] = {"path": "/", "status": 200}


class ProbeForm(forms.Form):
    """A request and its answer; without a path, nothing is asked."""

    path = forms.CharField(
        required=False,
        max_length=PATH_LIMIT,
        label=_("Ask for"),
        help_text=_(
            "A path such as /speaker/1, at the gateway's public address. Empty: "
            "nothing is asked."
        ),
        widget=forms.TextInput(
            attrs={"spellcheck": "false", "autocapitalize": "none"},
        ),
    )
    method = forms.ChoiceField(
        choices=[(name, name) for name in METHODS],
        required=False,
        initial=METHODS[0],
        label=_("Method"),
    )
    host = forms.CharField(
        required=False,
        label=_("As host"),
        help_text=_("Empty: the gateway's own."),
        widget=forms.TextInput(
            attrs={"spellcheck": "false", "autocapitalize": "none"},
        ),
    )
    headers = HeaderLinesField(label=_("With headers"))
    status = forms.IntegerField(
        required=False,
        initial=200,
        label=_("Expected status"),
        error_messages={"invalid": _("Give the status of an answer, such as 200.")},
    )
    contains = forms.CharField(
        required=False,
        max_length=TEXT_LIMIT,
        strip=False,
        label=_("The answer holds this text"),
        help_text=_("Empty: anything."),
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
    )
    take_back = forms.BooleanField(
        required=False, label=_("Take the change back if the answer is another")
    )

    @staticmethod
    def beginning(probe: Probe | None) -> dict[str, Any]:
        """Return what the form of a change with this probe begins with."""
        return vars(probe) if probe else {}

    @property
    def is_in_use(self) -> bool:
        """Whether it says anything: then it is not folded away."""
        names = ("path", "host", "headers", "contains", "take_back")
        return bool(self.errors) or any(self[name].value() for name in names)

    def clean_method(self) -> str:
        return self.cleaned_data["method"] or METHODS[0]

    def clean_contains(self) -> str:
        # A browser ends lines as a form does, a gateway as a text does.
        contains: str = self.cleaned_data["contains"]
        return contains.replace("\r\n", "\n")

    def clean(self) -> dict[str, Any]:
        super().clean()
        given = self.cleaned_data
        if not self.is_in_use:
            return given
        if given.get("path") == "":
            self.add_error(
                "path", gettext("Give the path to ask for, or empty the fields below.")
            )
        if given.get("status", 0) is None:
            self.add_error("status", gettext("Give the status to expect, such as 200."))
        # All at once, whatever is wrong already: that is no longer in `given`.
        for fault in [*Probe(**(RIGHT | given)).faults()]:
            self._tell(fault)
        return given

    def _tell(self, fault: Malformed) -> None:
        at = fault.field.removeprefix("probe.")
        first, _, header = at.partition(".")
        is_header = first == "headers" and header
        words = f"{header}: {fault}" if is_header else str(fault)
        self.add_error(FIELDS.get(at, first), words)

    def probe(self) -> Probe | None:
        """Return what a valid form asks for."""
        return Probe(**self.cleaned_data) if self.cleaned_data["path"] else None
