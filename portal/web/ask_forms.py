"""Forms in which people ask: a route in a minute, or any resource as JSON."""

import re
from typing import Any

from django import forms

from gateway.kinds import KINDS, Kind
from gateway.models import Gateway
from portal.changes.asked import ItemAsked
from portal.changes.offered import KindOffered
from portal.strict_json import NotStrict, read_object
from portal.web.request_form import TimedForm

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
ACTIONS = [
    ("create", "Create"),
    ("update", "Change: merge these fields"),
    ("replace", "Change: this is the whole document"),
    ("delete", "Delete"),
]
# APISIX: `property "host" validation failed: …`
NAMED_PROPERTY = re.compile(r'property "([^"]+)" validation failed')


def parse_document(text: str) -> dict[str, Any]:
    """Return the JSON object in `text`. Raises ValidationError with a place and words."""
    try:
        return read_object(text)
    except NotStrict as error:
        where = f"{error.field}: " if error.field else ""
        raise forms.ValidationError(f"{where}{error}") from error


class WhyForm(TimedForm):
    """What a request says besides its items."""

    field_order = ("gateway", "reason", "title")

    gateway = forms.ModelChoiceField(
        Gateway.objects.none(), to_field_name="slug", empty_label=None
    )


class RouteForm(forms.Form):
    """A new route, without knowing APISIX."""

    uris = forms.CharField(
        label="Path",
        help_text="What callers ask for, such as /speaker/*. Several: one per line.",
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "/speaker/*"}),
        error_messages={"required": "Say which path the route answers."},
    )
    host = forms.CharField(
        required=False,
        label="Host",
        help_text="Only requests to this host; empty: any host.",
    )
    methods = forms.MultipleChoiceField(
        choices=[(method, method) for method in METHODS],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None: any method.",
    )
    upstream = forms.CharField(
        label="Goes to",
        help_text="The server that answers, such as http://127.0.0.1:8000.",
        widget=forms.TextInput(attrs={"placeholder": "http://127.0.0.1:8000"}),
        error_messages={"required": "Say which server answers."},
    )
    name = forms.CharField(
        required=False, max_length=256, help_text="How people call it."
    )
    key_auth = forms.BooleanField(
        required=False, label="Callers must show an API key (key-auth)"
    )
    limit = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=10**9,
        label="At most this many requests a minute, per address",
        help_text="Empty: no limit.",
    )

    # Where a refusal of the change points, in the words of its document.
    PATHS = (
        (re.compile(r"uris?\b"), "uris"),
        (re.compile(r"hosts?\b"), "host"),
        (re.compile(r"methods\b"), "methods"),
        (re.compile(r"upstream\b"), "upstream"),
        (re.compile(r"name\b"), "name"),
        (re.compile(r"plugins\.key-auth\b"), "key_auth"),
        (re.compile(r"plugins\.limit-count\b"), "limit"),
    )

    def items(self) -> tuple[ItemAsked, ...]:
        """Return what a valid form asks for."""
        given = self.cleaned_data
        uris = given["uris"]
        document: dict[str, Any] = {"upstream": {"url": given["upstream"]}}
        document |= {"uri": uris[0]} if len(uris) == 1 else {"uris": uris}
        for name in ("host", "name", "methods"):
            if given[name]:
                document[name] = given[name]
        plugins: dict[str, Any] = {}
        if given["key_auth"]:
            plugins["key-auth"] = {}
        if given["limit"]:
            plugins["limit-count"] = {
                "count": given["limit"],
                "time_window": 60,
                "rejected_code": 429,
                "key_type": "var",
                "key": "remote_addr",
                "policy": "local",
            }
        if plugins:
            document["plugins"] = plugins
        return (
            ItemAsked(
                action="create", kind="route", document=document, field="items.0"
            ),
        )

    def clean_uris(self) -> list[str]:
        uris: list[str] = self.cleaned_data["uris"].split()
        for uri in uris:
            if not uri.startswith("/"):
                raise forms.ValidationError(
                    "A path begins with a slash: /%(uri)s", params={"uri": uri[:100]}
                )
        return uris

    def field_for(self, path: str, words: str = "") -> str:
        """Return the field that a dotted path of the route's document comes from.

        Without a path, what the gateway's own words name; "" when nothing fits.
        """
        if not path and (named := NAMED_PROPERTY.search(words)):
            path = named[1]
        return next((field for at, field in self.PATHS if at.match(path)), "")


class ItemForm(forms.Form):
    """One resource of any kind, its document as JSON.

    `offered` is what the gateway tells of the kind, once `tell` was called.
    """

    offered: KindOffered | None = None

    action = forms.ChoiceField(choices=ACTIONS, label="Do")
    kind = forms.ChoiceField(
        choices=[
            (kind.name, kind.title)
            for kind in sorted(KINDS.values(), key=lambda k: (-k.tier, k.title))
        ],
        initial="route",
    )
    id = forms.CharField(
        required=False,
        max_length=600,
        label="Id",
        widget=forms.TextInput(attrs={"class": "input input--code"}),
    )
    document = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 14, "spellcheck": "false"}),
        help_text=(
            "A JSON object as the Admin API takes it. A value shown as redacted:… "
            "keeps the secret that is there."
        ),
    )

    @property
    def kind_chosen(self) -> Kind | None:
        """The kind as it was given or chosen, if there is such a one."""
        return KINDS.get(str(self["kind"].value()))

    def tell(self, offered: KindOffered) -> None:
        """Say beside the fields what this kind takes."""
        self.offered = offered
        self.fields["id"].help_text = offered.id_words

    def clean_document(self) -> dict[str, Any] | None:
        text = self.cleaned_data["document"]
        return parse_document(text) if text.strip() else None

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if "document" in given and "action" in given:
            if given["action"] == "delete":
                given["document"] = None
            elif given["document"] is None:
                self.add_error("document", "Give the document: a JSON object.")
        return given

    def item(self, field: str) -> ItemAsked:
        given = self.cleaned_data
        action = given["action"]
        return ItemAsked(
            action="update" if action == "replace" else action,
            kind=given["kind"],
            id=given["id"],
            document=given["document"],
            replace=action == "replace",
            field=field,
        )

    def field_for(self, path: str) -> str:
        """Return the field that a dotted path of an item comes from."""
        first = path.partition(".")[0]
        return first if first in ("id", "kind", "action") else "document"
