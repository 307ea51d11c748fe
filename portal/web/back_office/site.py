"""The Django admin as a door: opened by the portal's own sign-in, closed to tokens.

It lives here and not beside the models because it knows HTTP requests, and nothing
below the doors does.
"""

from typing import Any

from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from portal.accounts.presence import carries_token
from portal.web.back_office.index import sections
from portal.web.pages import refusal


class BackOffice(admin.AdminSite):
    site_header = _("Gatehouse back office")
    site_title = _("Gatehouse")
    index_title = _("Back office")
    site_url = "/"
    enable_nav_sidebar = True

    def register(
        self, model_or_iterable: Any, admin_class: Any = None, **options: Any
    ) -> None:
        """Take what the portal shows, and nothing that a library would show by itself.

        Its pages would write rows past the operations, unrecorded, and know other
        rights than our roles.
        """
        if admin_class is not None and admin_class.__module__.startswith("portal."):
            super().register(model_or_iterable, admin_class, **options)

    def get_app_list(
        self, request: HttpRequest, app_label: str | None = None
    ) -> list[dict[str, Any]]:
        apps = super().get_app_list(request, app_label)
        return apps if app_label else sections(apps, reverse("admin:index"))

    def has_permission(self, request: HttpRequest) -> bool:
        """Let staff in; a request that brings a token is a program's."""
        return not carries_token(request) and super().has_permission(request)

    @method_decorator(never_cache)
    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Send people to the portal's sign-in, which counts tries and records them."""
        if carries_token(request):
            return refusal(
                request,
                403,
                gettext("A token opens the API; the back office is for people."),
            )
        if request.user.is_authenticated and not self.has_permission(request):
            return refusal(
                request,
                403,
                gettext("The back office is for staff. Ask an administrator."),
            )
        wanted = request.GET.get("next", "") or resolve_url("admin:index")
        return redirect_to_login(wanted, resolve_url("web:login"))

    def logout(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        from portal.web.people.sign_in import SignOut  # it needs the app registry

        return SignOut.as_view()(request)

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return redirect("web:password_change")
