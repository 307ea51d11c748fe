"""The form of a route: what URL, to where, by which methods."""

import re
from typing import Any

from django import forms
from django.urls import reverse_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gateway.essentials import NAMED as NAMED_TARGET
from gateway.essentials import Essentials, essentials_of

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
# APISIX: `property "host" validation failed: …`
NAMED_PROPERTY = re.compile(r'property "([^"]+)" validation failed')
SEPARATORS = re.compile(r"[\s,]+")


class RouteForm(forms.Form):
    """A route, without knowing APISIX. `document` is what it is about, {} for a new one."""

    uris = forms.CharField(
        label=_("Path"),
        help_text=_("What callers ask for, such as /speaker/*. Several: one per line."),
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "/speaker/*"}),
        error_messages={"required": _("Say which path the route answers.")},
    )
    host = forms.CharField(
        required=False,
        label=_("Host"),
        help_text=_(
            "Only requests to this host, such as shop.example.com or "
            "*.example.com; empty: any host. Several: with spaces between."
        ),
    )
    methods = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None: any method."),
        label=_("Methods"),
    )
    upstream = forms.CharField(
        label=_("Goes to"),
        help_text=_(
            "The server that answers, such as http://127.0.0.1:8000; several with "
            "spaces between share the load. Or type to find an upstream or a service."
        ),
        widget=forms.TextInput(
            attrs={
                "placeholder": "http://127.0.0.1:8000",
                "list": "targets",
                "autocomplete": "off",
                "spellcheck": "false",
                # Of very many, those that fit; without script the first of them.
                "hx-get": reverse_lazy("web:targets"),
                "hx-trigger": "input changed delay:200ms",
                "hx-include": "[name=gateway]",
                "hx-target": "#targets",
                "hx-swap": "innerHTML",
                "hx-sync": "this:replace",
            }
        ),
        error_messages={"required": _("Say which server answers.")},
    )
    name = forms.CharField(
        required=False,
        max_length=256,
        help_text=_("How people call it."),
        label=_("Name"),
    )

    # Where a refusal of the change points, in the words of its document.
    PATHS = (
        (re.compile(r"uris?\b"), "uris"),
        (re.compile(r"hosts?\b"), "host"),
        (re.compile(r"methods\b"), "methods"),
        (re.compile(r"(upstream|service)(_id)?\b"), "upstream"),
        (re.compile(r"name\b"), "name"),
    )

    def __init__(self, document: dict[str, Any], given: Any = None) -> None:
        self._held = essentials_of(document)
        super().__init__(
            given,
            initial={
                "uris": "\n".join(self._held.uris),
                "host": " ".join(self._held.hosts),
                "methods": self._held.methods,
                "upstream": self._held.goes_to,
                "name": self._held.name,
            },
        )
        others = [one for one in self._held.methods if one not in METHODS]
        self.fields["methods"].choices = [  # type: ignore[attr-defined]
            (one, one) for one in (*METHODS, *others)
        ]
        # Where it goes elsewhere in a way that has no address, that stays.
        if document and not self._held.goes_to:
            self.fields["upstream"].required = False
            self.fields["upstream"].help_text = gettext(
                "Empty: as it is. Or a server such as http://127.0.0.1:8000."
            )
        if document and not self._held.uris:
            self.fields["uris"].required = False

    def essentials(self) -> Essentials:
        """Return what a valid form says; what was not typed anew as it is."""
        given = self.cleaned_data
        held = self._held
        methods = tuple(given["methods"])
        return Essentials(
            uris=tuple(given["uris"]),
            hosts=tuple(given["host"]),
            # Boxes come in their own order.
            methods=held.methods if {*methods} == {*held.methods} else methods,
            goes_to=given["upstream"] or held.goes_to,
            name=given["name"],
        )

    def clean_uris(self) -> list[str]:
        uris: list[str] = self.cleaned_data["uris"].split()
        for uri in uris:
            # What a gateway took already is no mistake of this form's.
            if not uri.startswith("/") and uri not in self._held.uris:
                raise forms.ValidationError(
                    gettext("A path begins with a slash: /%(uri)s"),
                    params={"uri": uri[:100]},
                )
        return uris

    def clean_host(self) -> list[str]:
        return [one for one in SEPARATORS.split(self.cleaned_data["host"]) if one]

    def clean_upstream(self) -> str:
        text: str = self.cleaned_data["upstream"].strip()
        return (
            text if NAMED_TARGET.fullmatch(text) else " ".join(SEPARATORS.split(text))
        )

    def field_for(self, path: str, words: str = "") -> str:
        """Return the field that a dotted path of the route's document comes from.

        Without a path, what the gateway's own words name; "" when nothing fits.
        """
        if not path and (named := NAMED_PROPERTY.search(words)):
            path = named[1]
        return next((field for at, field in self.PATHS if at.match(path)), "")
