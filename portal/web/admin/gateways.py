"""Gateways, their keys, and what they were last seen to hold."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gateway.models import Catalogue, Facet, FingerprintKey, Gateway, Resource
from portal.accounts.gateways import GUARDED, change_gateway, create_gateway, taken
from portal.accounts.models import PolicyChange, PolicyChangeQuerySet
from portal.accounts.presence import present_actor
from portal.accounts.roles import Verb
from portal.changes.retire import retire_gateway
from portal.web.admin.asking import AsksPolicy, Reasoned, ReasonForm
from portal.web.admin.operated import Operated, on_each
from portal.web.admin.shown import ByGateway, Rights, Shown


class Lines(forms.CharField):
    """A list of texts, one per line."""

    widget = forms.Textarea(attrs={"rows": 3})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        return str(value or "").split()

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.to_python(data) != (initial or [])


class Named(forms.CharField):
    """Texts by name, one `name = text` per line."""

    widget = forms.Textarea(attrs={"rows": 6})

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return "\n".join(f"{name} = {text}" for name, text in value.items())

    def to_python(self, value: Any) -> Any:
        found: dict[str, str] = {}
        for line in str(value or "").splitlines():
            name, equals, text = map(str.strip, line.partition("="))
            if not (name or text):
                continue
            if not equals or name in found:
                raise forms.ValidationError(
                    gettext("%(line)r stands here twice. Say it once.")
                    % {"line": line.strip()[:80]}
                    if equals
                    else gettext("%(line)r is no variable. Write name = value.")
                    % {"line": line.strip()[:80]}
                )
            found[name] = text
        return found

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(data) != (initial or {}))
        except forms.ValidationError:
            return True


class GatewayForm(Reasoned):
    """A gateway; its admin key goes in and never comes out."""

    def guarded(self) -> set[str]:
        return set(GUARDED)

    admin_key = forms.CharField(
        required=False,
        widget=forms.PasswordInput(
            render_value=False, attrs={"autocomplete": "new-password"}
        ),
        help_text=_(
            "Written only, never shown. Empty: the key stays as it is. Another scheme, "
            "host or port of the Admin API address clears it, once that counts."
        ),
    )

    control_urls = Lines(
        required=False,
        label=_("Control API addresses"),
        help_text=_(
            "One per line, for each data plane node: such as http://10.0.0.7:9090. After "
            "a delivery each is asked whether it has arrived there. Have nobody else "
            "reach them: a Control API asks for no key."
        ),
    )

    variables = Named(
        required=False,
        help_text=_(
            "One name = value per line: hosts and addresses (host or host:port) that are "
            "this gateway's own, such as shop_host = shop.example.com. What is promoted "
            "to another gateway gets its value of the same name there."
        ),
    )

    def clean_admin_url(self) -> str:
        address: str = self.cleaned_data["admin_url"]
        if "admin_url" in self.changed_data:
            wanted = Gateway(pk=self.instance.pk, admin_url=address)
            if words := taken(wanted):
                raise forms.ValidationError(words)
        return address

    class Meta:
        model = Gateway
        fields = (
            "slug",
            "title",
            "environment",
            "admin_url",
            "admin_key",
            "public_url",
            "verify_tls",
            "ca_bundle",
            "control_urls",
            "variables",
            "router",
            "approvals_required",
        )


@admin.register(Gateway)
class GatewayAdmin(AsksPolicy, Operated, Shown):
    form = GatewayForm
    action_form = ReasonForm
    asks = _(
        "Two people change the Admin API address, how TLS is verified, the environment "
        "and the number of approvals."
    )
    gateway_path = "pk"
    list_display = (
        "slug",
        "title",
        "environment",
        "well",
        "version",
        "admin_url",
        "has_admin_key",
        "approvals_required",
        "mirrored_at",
        "retired_at",
    )
    list_filter = ("environment", "retired_at")
    search_fields = ("slug", "title", "environment", "admin_url", "public_url")
    actions = ("retire_selected",)
    told = ("has_admin_key", "version", "answered_at", "trouble", "mirrored_at")

    @admin.display(boolean=True)
    def well(self, gateway: Gateway) -> bool:
        return gateway.is_well

    @admin.display(boolean=True, description=_("has an admin key"))
    def has_admin_key(self, gateway: Gateway) -> bool:
        return bool(gateway.sealed_admin_key)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        own = list(GatewayForm.Meta.fields)
        if obj is None:
            return own
        if not self.has_change_permission(request, obj):
            own.remove("admin_key")
        else:
            own.append("reason")
        return [*own, *self.told, "retired_at"]

    def scope_of(self, obj: Gateway) -> Gateway | None:
        return obj

    def policy_of(self, obj: Gateway) -> PolicyChangeQuerySet:
        return PolicyChange.objects.filter(gateway=obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        if obj is None:
            return []
        # The slug stands in addresses, in the ledger and in people's scripts.
        return ["slug", *self.told, "retired_at"]

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return Rights.of(request).everywhere(Verb.ADMINISTER)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        rights = Rights.of(request)
        if obj is None:
            return rights.anywhere(Verb.ADMINISTER)
        return rights.person.may(Verb.ADMINISTER, obj)

    def save_model(
        self, request: HttpRequest, obj: Gateway, form: Any, change: bool
    ) -> None:
        actor, key = present_actor(request), form.cleaned_data.get("admin_key", "")
        if not change:
            create_gateway(obj, admin_key=key, actor=actor)
            return
        had_key = bool(obj.sealed_admin_key)
        self.asked_for(
            request,
            change_gateway(
                obj,
                fields=form.own_fields,
                admin_key=key,
                reason=form.cleaned_data.get("reason", ""),
                actor=actor,
            ),
        )
        if had_key and not obj.sealed_admin_key:
            messages.warning(
                request,
                "The admin key was for another address and is gone. Enter it again.",
            )

    def has_retire_permission(self, request: HttpRequest) -> bool:
        return Rights.of(request).anywhere(Verb.ADMINISTER)

    @admin.action(
        description=_("Retire (take out of service, keep the history)"),
        permissions=["retire"],
    )
    def retire_selected(
        self, request: HttpRequest, gateways: "QuerySet[Gateway]"
    ) -> None:
        on_each(
            request,
            gateways,
            lambda gateway: retire_gateway(
                gateway,
                reason=request.POST.get("reason", ""),
                actor=present_actor(request),
            ),
            name=lambda gateway: gateway.slug,
        )


@admin.register(Resource)
class ResourceAdmin(Shown):
    gateway_path = "gateway"
    hidden = ("search",)
    list_display = ("resource_id", "kind", "gateway", "first_seen", "last_seen")
    list_filter = ("kind", ("gateway", ByGateway))
    list_select_related = ("gateway",)
    search_fields = ("search",)
    ordering = ("gateway", "kind", "resource_id")

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        return super().get_queryset(request).defer("sealed")


@admin.register(Facet)
class FacetAdmin(Shown):
    gateway_path = "gateway"
    list_display = ("resource", "name", "value", "kind", "gateway")
    list_filter = ("name", "kind", ("gateway", ByGateway))
    list_select_related = ("resource", "gateway")
    search_fields = ("value",)
    ordering = ("-pk",)


@admin.register(Catalogue)
class CatalogueAdmin(Shown):
    gateway_path = "gateway"
    # Hundreds of kilobytes of JSON Schema; the API shows it plugin by plugin.
    hidden = ("document",)
    list_display = ("gateway", "version", "fetched_at")
    list_select_related = ("gateway",)
    search_fields = ("gateway__slug", "version")

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        return super().get_queryset(request).defer("document")


@admin.register(FingerprintKey)
class FingerprintKeyAdmin(Shown):
    """That it is there; what it is, nobody sees."""
