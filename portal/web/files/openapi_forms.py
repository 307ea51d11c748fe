"""Forms for OpenAPI documents that come in, and for a gateway that tells its own."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal.changes.openapi.asked import URL_LIMIT
from portal.changes.openapi.publish import NAME_LIMIT, WORDS_LIMIT
from portal.web.asking.request_form import RequestForm, TimedForm

PASTED_LIMIT = 1_000_000


class DocumentForm(TimedForm):
    """A document, in one of three ways, and how it is meant."""

    field_order = ("file", "url", "document", "server", "hosts", "reason", "title")

    file = forms.FileField(
        required=False,
        allow_empty_file=True,
        help_text=_("OpenAPI 2.0, 3.0 or 3.1, JSON or YAML."),
        label=_("File"),
    )
    url = forms.CharField(
        required=False,
        max_length=URL_LIMIT,
        label=_("Or its address"),
        widget=forms.URLInput,
        help_text=_("A public one that answers the document itself."),
    )
    document = forms.CharField(
        required=False,
        max_length=PASTED_LIMIT,
        strip=False,
        label=_("Or its text"),
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
    )
    server = forms.CharField(
        required=False,
        max_length=URL_LIMIT,
        help_text=_(
            "Which of its servers gets the requests, by URL or number. Needed where "
            "it names several: they are environments, not one pool."
        ),
        label=_("Server"),
    )
    base_url = forms.CharField(
        required=False,
        max_length=URL_LIMIT,
        label=_("Relative to"),
        help_text=_(
            "What servers such as /v1 are below. Empty: the document's address."
        ),
    )
    variables = forms.CharField(
        required=False,
        max_length=5_000,
        label=_("Values of the server's variables"),
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("One name = value per line."),
    )
    hosts = forms.CharField(
        required=False,
        max_length=5_000,
        help_text=_("That the gateway serves it for, with blanks between. Empty: any."),
        label=_("Hosts"),
    )
    spec = forms.CharField(
        required=False,
        max_length=40,
        label=_("Name on this gateway"),
        help_text=_(
            "By it the document is known when it comes again. Empty: its title."
        ),
    )
    per = forms.ChoiceField(
        choices=[("operation", _("each operation")), ("path", _("each path"))],
        required=False,
        label=_("A route for"),
    )
    auth = forms.BooleanField(
        required=False,
        initial=True,
        label=_("Enforce its security schemes"),
    )
    validate = forms.BooleanField(
        required=False,
        label=_("Refuse JSON bodies and headers that are not as it says"),
    )
    delete_missing = forms.BooleanField(
        required=False,
        label=_("Remove what it brought earlier and says no more"),
    )

    def clean_file(self) -> bytes:
        """Return what the file holds."""
        file = self.cleaned_data["file"]
        if file and file.size > settings.IMPORT_LIMIT:
            raise forms.ValidationError(
                gettext("The file is larger than %(import_limit)s bytes. Split it.")
                % {"import_limit": f"{settings.IMPORT_LIMIT:,}"}
            )
        source: bytes = file.read() if file else b""
        return source

    def clean_variables(self) -> dict[str, str]:
        """Return the values by name."""
        found: dict[str, str] = {}
        for line in self.cleaned_data["variables"].splitlines():
            name, equals, value = map(str.strip, line.partition("="))
            if name and equals:
                found[name] = value
            elif line.strip():
                raise forms.ValidationError(
                    gettext("%(line)r says no value. Write name = value.")
                    % {"line": line.strip()[:80]}
                )
        return found

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        ways = [name for name in ("file", "url", "document") if given.get(name)]
        if len(ways) != 1 and not self.errors:
            words = (
                gettext("Choose a file, or give its address or its text: one of them.")
                if ways
                else gettext("Choose a file, or give its address or its text.")
            )
            self.add_error("file", words)
        return given

    def options(self) -> dict[str, Any]:
        """Return the options of a valid form, as programs give them."""
        given = self.cleaned_data
        return {
            name: given[name]
            for name in (
                "spec",
                "per",
                "server",
                "variables",
                "base_url",
                "auth",
                "validate",
            )
        } | {"hosts": given["hosts"].replace(",", " ").split()}


class PublishForm(RequestForm):
    """What the plugin is called, and which part of the gateway it tells."""

    field_order = ("name", "description", "host", "service", "reason", "title")

    name = forms.CharField(max_length=NAME_LIMIT, label=_("Name"))
    description = forms.CharField(
        max_length=WORDS_LIMIT,
        help_text=_("What it does, for people and models."),
        label=_("Description"),
    )
    host = forms.CharField(
        required=False,
        max_length=253,
        help_text=_("Only what is for it. Empty: all."),
        label=_("Host"),
    )
    service = forms.CharField(
        required=False,
        max_length=64,
        help_text=_("Only its routes, by its id."),
        label=_("Service"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Beside another form: whoever hears the labels tells them apart.
        self.fields["reason"].label = gettext("Why publish it")
        self.fields["title"].label = gettext("Title of the change")
