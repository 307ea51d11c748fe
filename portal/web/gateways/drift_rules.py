"""What drift a gateway's people never want to hear of: read by all, made by administrators."""

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from gateway.models import Gateway
from portal.accounts.presence import present_actor
from portal.accounts.roles import Verb
from portal.drift.models import KIND_CHOICES, DriftRule
from portal.drift.ruling import add_rule, remove_rule
from portal.errors import GatehouseError
from portal.web.gateways.listing import visible_gateway
from portal.web.pages import PersonRequest, page


class RuleForm(forms.ModelForm):
    """A new rule; what is left empty fits anything."""

    everywhere = forms.BooleanField(required=False, label=_("On all gateways"))

    class Meta:
        model = DriftRule
        fields = ("kind", "resource_id", "label", "field", "reason")

    def __init__(self, *args: Any, may_everywhere: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"] = forms.ChoiceField(
            choices=[("", gettext("Any")), *KIND_CHOICES],
            required=False,
            label=gettext("Kind"),
        )
        self.fields["resource_id"].label = gettext("Resource id")
        self.fields["label"].label = gettext("Label")
        self.fields["field"].label = gettext("Field")
        self.fields["reason"].label = gettext("Why")
        self.fields["reason"].widget.attrs["rows"] = 3
        if not may_everywhere:
            del self.fields["everywhere"]


@require_http_methods(["GET", "HEAD", "POST"])
@page
def rules_page(request: PersonRequest, slug: str) -> HttpResponse:
    """List the rules that count on a gateway; a POST makes one."""
    gateway, person = visible_gateway(request, slug), request.user
    may_everywhere = person.may_everywhere(Verb.ADMINISTER)
    form = RuleForm(
        request.POST or None,
        # What a drift's page suggests.
        initial={name: request.GET.get(name, "") for name in ("kind", "resource_id")},
        may_everywhere=may_everywhere,
    )
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                return _add(request, gateway, form)
            except GatehouseError as error:
                form.add_error(
                    error.field if error.field in form.fields else None, str(error)
                )
                status = error.status
    rules = DriftRule.objects.filter(Q(gateway=gateway) | Q(gateway=None))
    context = {
        "gateway": gateway,
        "rules": rules.select_related("gateway", "author"),
        "form": form,
        "may_rule": person.may(Verb.ADMINISTER, gateway),
        "may_everywhere": may_everywhere,
    }
    return render(request, "drift/rules.html", context, status=status)


def _add(request: PersonRequest, gateway: Gateway, form: RuleForm) -> HttpResponse:
    rule = form.save(commit=False)
    rule.gateway = None if form.cleaned_data.get("everywhere") else gateway
    add_rule(rule, actor=present_actor(request))
    messages.success(
        request, gettext("Ignored from now on: %(rule)s.") % {"rule": rule}
    )
    return redirect("web:drift_rules", slug=gateway.slug)


@require_POST
@page
def remove(request: PersonRequest, slug: str, rule_id: int) -> HttpResponse:
    """Remove a rule that counts on this gateway."""
    gateway = visible_gateway(request, slug)
    rule = get_object_or_404(
        DriftRule.objects.select_related("gateway"),
        Q(gateway=gateway) | Q(gateway=None),
        pk=rule_id,
    )
    remove_rule(rule, actor=present_actor(request))
    messages.success(request, gettext("No rule any more: %(rule)s.") % {"rule": rule})
    return redirect("web:drift_rules", slug=slug)
