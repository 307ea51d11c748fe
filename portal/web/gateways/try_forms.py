"""The form in which somebody describes a request to try, and what it begins with."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gateway.effective import Find, answered_hosts, texts
from gateway.mirrored import Mirrored
from gateway.models import Gateway
from gateway.visible import visible
from portal.changes.http_request import DEFAULT_ADDRESS, METHODS
from portal.changes.models import ChangeRequest
from portal.web.fields.header_lines import HeaderLinesField

OPTION_LIMIT = 80


class TryForm(forms.Form):
    """One request, and the change to try it with."""

    method = forms.ChoiceField(
        choices=[(name, name) for name in METHODS], label=_("Method")
    )
    url = forms.CharField(
        label=_("Address"),
        strip=True,
        widget=forms.TextInput(
            attrs={
                "placeholder": "https://shop.example.com/cart",
                "spellcheck": "false",
                "autocapitalize": "none",
            }
        ),
        error_messages={"required": _("Say what is asked for, such as /cart.")},
    )
    change = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=2**53 - 1,
        label=_("And after"),
        widget=forms.Select,
    )
    headers = HeaderLinesField(label=_("Headers"))
    remote_addr = forms.CharField(
        required=False,
        label=_("Caller's address"),
        help_text=format_lazy(_("Its IP address; empty: {}."), DEFAULT_ADDRESS),
    )

    def offer(self, changes: Sequence[ChangeRequest]) -> None:
        """Let one of these changes be chosen."""
        self.fields["change"].widget.choices = [
            ("", gettext("no change: only now")),
            *(
                (one.number, visible(f"#{one.number} {one.summary}")[:OPTION_LIMIT])
                for one in changes
            ),
        ]

    @property
    def has_more(self) -> bool:
        """Whether one of the fields that are folded away is in use."""
        return any(
            self[name].value() or self[name].errors
            for name in ("headers", "remote_addr")
        )


def example_of(
    route: dict[str, Any], gateway: Gateway, find: Find | None = None
) -> dict[str, str]:
    """Return the fields of a request that this route is meant for, as far as it says.

    At most one query, of the service whose hosts it answers; none with `find`.
    """
    hosts = answered_hosts(route, find or Mirrored(gateway).find)
    host = next(iter(hosts), "") or urlsplit(gateway.public_url).netloc
    uri = next(iter(texts(route.get("uris")) or texts(route.get("uri"))), "/")
    methods = [name for name in texts(route.get("methods")) if name in METHODS]
    # A wildcard stands for one label, a prefix for itself.
    host = host.replace("*.", "www.").replace("*", "www")
    path = quote(uri.replace("*", ""), safe="/%:@!$&'()+,;=-._~")
    return {
        "method": "GET" if not methods or "GET" in methods else methods[0],
        "url": f"http://{host}{path}" if host else path,
    }
