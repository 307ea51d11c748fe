"""Programs that people let in (OAuth clients), and what they hold: to look at, to end.

Administrators make one with `manage.py oauth_client`.
"""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import AccessToken, Grant, Program, RefreshToken
from portal.accounts.presence import present_actor
from portal.accounts.programs import remove
from portal.accounts.roles import Verb
from portal.web.admin.operated import on_each
from portal.web.admin.shown import Rights, Shown

# Of the library's columns, those that mean nothing here.
UNUSED = (
    "post_logout_redirect_uris",
    "skip_authorization",
    "algorithm",
    "allowed_origins",
    "hash_client_secret",
)


@admin.register(Program)
class ProgramAdmin(Shown):
    hidden = ("client_secret", *UNUSED)
    list_display = ("name", "known_by", "client_type", "created", "removed_at")
    list_filter = ("registration_source", "is_gpt_action", "created", "removed_at")
    search_fields = ("name", "client_id")
    ordering = ("-pk",)
    actions = ("remove_selected",)

    def has_remove_permission(self, request: HttpRequest) -> bool:
        return Rights.of(request).everywhere(Verb.ADMINISTER)

    @admin.action(
        description=_("Remove, and disconnect everybody"), permissions=["remove"]
    )
    def remove_selected(
        self, request: HttpRequest, programs: "QuerySet[Program]"
    ) -> None:
        on_each(
            request,
            programs,
            lambda program: remove(program, actor=present_actor(request)),
            done=gettext("%(row)s is removed."),
        )


class HeldAdmin(Shown):
    """A code or token of a connection; of its secret not even the hash."""

    hidden = ("code", "code_challenge", "token", "token_checksum", "nonce", "claims")
    list_select_related = ("connection__person", "connection__program")
    search_fields = ("connection__name", "connection__person__username")
    ordering = ("-pk",)


@admin.register(Grant)
class GrantAdmin(HeldAdmin):
    list_display = ("__str__", "connection", "created", "used_at")
    list_filter = ("created", "used_at")


@admin.register(AccessToken)
class AccessTokenAdmin(HeldAdmin):
    list_display = ("__str__", "connection", "scope", "created", "expires")
    list_filter = ("created", "expires")


@admin.register(RefreshToken)
class RefreshTokenAdmin(HeldAdmin):
    list_display = ("__str__", "connection", "created", "revoked")
    list_filter = ("created", "revoked")
