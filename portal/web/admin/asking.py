"""Forms and actions of the back office that ask for a change of policy.

They ask why, say beforehand who could accept it, show what waits already, and lead to
the change that was made.
"""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gateway.models import Gateway
from portal.accounts.models import Person, PolicyChange, PolicyChangeQuerySet
from portal.accounts.policy.deciders import foretold
from portal.accounts.policy.deciding import REASON_LIMIT

SHOWN = 10


class ReasonForm(ActionForm):
    """Beside the actions of a list: why, for whoever accepts it."""

    reason = forms.CharField(
        label=_("Why (another administrator reads it)"),
        required=False,
        max_length=REASON_LIMIT,
    )


class Reasoned(forms.ModelForm):
    """A form of a row of which some fields are changed by two people."""

    reason = forms.CharField(
        label=_("Why"),
        required=False,
        max_length=REASON_LIMIT,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_(
            "Whoever accepts it reads this. Needed for what two people change."
        ),
    )

    def guarded(self) -> set[str]:
        """Return the fields of this row that two people change."""
        raise NotImplementedError

    @property
    def own_fields(self) -> list[str]:
        """The fields of the row that were changed."""
        return [name for name in self.changed_data if name != "reason"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        asks = self.instance.pk and self.guarded() & set(self.changed_data)
        if asks and not cleaned.get("reason", "").strip():
            self.add_error("reason", gettext("Say why: whoever accepts it will ask."))
        return cleaned


class AsksPolicy(admin.ModelAdmin):
    """A back office page with such a form. `asks` says what two people change here."""

    asks: str | Promise
    change_form_template = "admin/policy_form.html"

    def scope_of(self, obj: Any) -> Gateway | None:
        """Return the gateway whose administrators decide; None: those of all."""
        raise NotImplementedError

    def policy_of(self, obj: Any) -> PolicyChangeQuerySet:
        """Return the changes of policy that are about this row."""
        raise NotImplementedError

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        person = cast(Person, request.user)
        if obj is not None and self.has_change_permission(request, obj):
            about = self.policy_of(obj).open().visible_to(person).with_people()
            context |= {
                "asks": self.asks,
                "foretold": foretold(person, self.scope_of(obj)),
                "policy": about[:SHOWN],
            }
        return super().render_change_form(request, context, add, change, form_url, obj)

    def asked_for(self, request: HttpRequest, change: PolicyChange | None) -> None:
        """Keep what was asked for, so that the answer leads to it."""
        request._asked_for = change  # type: ignore[attr-defined]

    def response_change(self, request: HttpRequest, obj: models.Model) -> HttpResponse:
        change = getattr(request, "_asked_for", None)
        if change is None:
            return super().response_change(request, obj)
        messages.warning(request, f"You asked for another policy. {change.outcome}")
        return HttpResponseRedirect(change.get_absolute_url())
