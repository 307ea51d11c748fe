"""People, roles and tokens. Nobody sets another person's password here."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gateway.models import Gateway
from portal.accounts.account_policy import guarded_of, policy_about
from portal.accounts.factors import reset_factors
from portal.accounts.models import (
    ApiToken,
    Factor,
    Identity,
    LinkRequest,
    Membership,
    Ownership,
    Person,
    PolicyChangeQuerySet,
    RecoveryCode,
    Session,
    Vouching,
)
from portal.accounts.passwords import send_reset_link
from portal.accounts.people import change_person, create_person
from portal.accounts.presence import present_actor
from portal.accounts.roles import Verb
from portal.accounts.tokens import revoke_token
from portal.web.admin.asking import AsksPolicy, Reasoned, ReasonForm
from portal.web.admin.operated import Operated, on_each
from portal.web.admin.shown import ByGateway, Rights, Shown, ShownInline

OWN = (
    "username",
    "first_name",
    "last_name",
    "email",
    "is_active",
    "is_staff",
    "is_superuser",
)


class MembershipInline(ShownInline):
    model = Membership
    fields = ("role", "gateway")


class PersonForm(Reasoned):
    """An account without a password: its owner sets that by a link."""

    def guarded(self) -> set[str]:
        return guarded_of(Person.objects.get(pk=self.instance.pk))

    class Meta:
        model = Person
        fields = OWN


@admin.register(Person)
class PersonAdmin(AsksPolicy, Operated, Shown):
    form = PersonForm
    action_form = ReasonForm
    asks = _(
        "An account is switched off at once, and where it holds a role or is in a group, "
        "a second administrator decides whether it stays so. Two people change who is a "
        "superuser, where the mail of such an account goes, and that it is active again."
    )
    list_display = (*OWN, "last_login")
    list_filter = (
        "is_active",
        "is_staff",
        "is_superuser",
        "memberships__role",
        "team",
    )
    search_fields = ("username", "first_name", "last_name", "email")
    ordering = ("username",)
    inlines = (MembershipInline,)
    actions = ("send_reset_links", "reset_second_factors")
    told = ("team", "shut_at", "last_login", "date_joined")

    def _administers(self, request: HttpRequest) -> bool:
        return Rights.of(request).everywhere(Verb.ADMINISTER)

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return self._administers(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._administers(request)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        if obj is None:
            # A new account holds nothing.
            return [name for name in OWN if name != "is_superuser"]
        asks = ["reason"] if self.has_change_permission(request, obj) else []
        return [*OWN, *asks, *self.told]

    def scope_of(self, obj: Person) -> Gateway | None:
        return None

    def policy_of(self, obj: Person) -> PolicyChangeQuerySet:
        return policy_about(obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        # A name stands in the ledger as text: it stays who it was.
        fixed = ["username", *self.told] if obj else []
        if not Rights.of(request).person.is_superuser:
            fixed.append("is_superuser")
        return fixed

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj else ()

    def save_model(
        self, request: HttpRequest, obj: Person, form: Any, change: bool
    ) -> None:
        actor = present_actor(request)
        if change:
            reason = form.cleaned_data.get("reason", "")
            asked = change_person(
                obj, fields=form.own_fields, reason=reason, actor=actor
            )
            self.asked_for(request, asked)
            return
        create_person(obj, actor=actor)
        if obj.email:
            messages.info(request, f"A link to set a password goes to {obj.email}.")
        else:
            messages.warning(
                request,
                "Without an address no link to set a password can be sent. Add one, "
                "then send the link from the list.",
            )

    def has_reset_permission(self, request: HttpRequest) -> bool:
        return self._administers(request)

    @admin.action(
        description=_("Send a link to set the password"), permissions=["reset"]
    )
    def send_reset_links(
        self, request: HttpRequest, people: "QuerySet[Person]"
    ) -> None:
        for person in people:
            if not _is_reachable(person):
                messages.error(
                    request,
                    gettext("%(person)s: switched off, or without a mail address.")
                    % {"person": person},
                )
        on_each(
            request,
            filter(_is_reachable, people),
            lambda person: send_reset_link(person, actor=present_actor(request)),
            done=gettext("%(row)s: a link is on its way."),
        )

    @admin.action(
        description=_("Reset the second factor, and sign out"), permissions=["reset"]
    )
    def reset_second_factors(
        self, request: HttpRequest, people: "QuerySet[Person]"
    ) -> None:
        on_each(
            request,
            people,
            lambda person: reset_factors(
                person,
                reason=request.POST.get("reason", ""),
                actor=present_actor(request),
            ),
            done=gettext(
                "%(row)s: signs in with a password alone, once, and is told so by mail."
            ),
        )


def _is_reachable(person: Person) -> bool:
    return bool(person.email) and person.is_active


@admin.register(Membership)
class MembershipAdmin(Shown):
    """Who holds what. Roles are policy: one asks for them, and for less, in the portal."""

    list_display = ("holder", "role", "reach", "in_the_portal")
    list_display_links = ("holder",)
    list_filter = ("role", ("gateway", ByGateway))
    list_select_related = ("person", "group", "gateway")
    search_fields = ("person__username", "group__name", "gateway__slug")
    ordering = ("person__username", "group__name")

    @admin.display(description=_("In the portal"))
    def in_the_portal(self, membership: Membership) -> str:
        address = reverse("web:take_role", args=[membership.pk])
        return format_html('<a href="{}">Take away</a>', address)


@admin.register(Factor)
class FactorAdmin(Shown):
    """Second factors; what they prove by is shown to nobody."""

    hidden = ("credential",)
    list_display = ("person", "kind", "name", "created_at", "last_used_at")
    list_filter = ("kind", "created_at", "last_used_at")
    list_select_related = ("person",)
    search_fields = ("person__username", "name")


@admin.register(Identity)
class IdentityAdmin(Shown):
    """Who comes in by single sign-on."""

    list_display = ("person", "issuer", "subject", "created_at", "last_used_at")
    list_filter = ("issuer", "created_at", "last_used_at")
    list_select_related = ("person",)
    search_fields = ("person__username", "subject")


@admin.register(RecoveryCode)
class RecoveryCodeAdmin(Shown):
    hidden = ("hash",)
    list_display = ("person", "made_at", "used_at")
    list_filter = ("made_at", "used_at")
    list_select_related = ("person",)
    search_fields = ("person__username",)


@admin.register(Session)
class SessionAdmin(Shown):
    """Where people are signed in; its key and contents are its owner's browser's alone."""

    hidden = ("session_key", "session_data")
    list_display = ("handle", "person", "way", "address", "signed_in_at", "seen_at")
    list_filter = ("way", "signed_in_at", "seen_at")
    list_select_related = ("person",)
    search_fields = ("person__username", "address")


@admin.register(Ownership)
class OwnershipAdmin(Shown):
    list_display = ("group", "words", "reach")
    list_filter = (("gateway", ByGateway),)
    list_select_related = ("group", "gateway")
    search_fields = ("group__name", "host", "uri_prefix")
    ordering = ("group__name", "pk")


@admin.register(LinkRequest)
class LinkRequestAdmin(Shown):
    list_display = ("__str__", "email", "asked_at", "due_at")
    list_filter = ("asked_at",)
    search_fields = ("email",)
    ordering = ("-pk",)


@admin.register(Vouching)
class VouchingAdmin(Shown):
    list_display = ("__str__", "by", "how", "person", "at")
    list_filter = ("how", "at")
    list_select_related = ("by", "person")
    search_fields = ("by__username", "person__username")
    ordering = ("-pk",)


@admin.register(ApiToken)
class ApiTokenAdmin(Shown):
    hidden = ("hash",)
    list_display = (
        "name",
        "known_by",
        "person",
        "created_at",
        "expires_at",
        "last_used_at",
        "revoked_at",
    )
    list_filter = ("created_at", "expires_at", "revoked_at")
    list_select_related = ("person", "program")
    search_fields = ("name", "hint", "person__username")
    actions = ("revoke_selected",)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return Rights.of(request).person.is_superuser

    @admin.action(description=_("Revoke"), permissions=["revoke"])
    def revoke_selected(
        self, request: HttpRequest, tokens: "QuerySet[ApiToken]"
    ) -> None:
        on_each(
            request,
            tokens,
            lambda token: revoke_token(token.pk, actor=present_actor(request)),
            done=gettext("%(row)s is revoked."),
        )
