"""Addresses of signing in, of accounts, roles and tokens."""

from django.contrib.auth import views as auth_views
from django.urls import path

from portal.web.people import (
    confirming,
    factors,
    groups,
    preferences,
    roles,
    second_step,
    security,
    service_accounts,
    sign_in,
    sso,
    tokens,
)

urlpatterns = [
    path("roles/", roles.roles_page, name="roles"),
    path("roles/<int:pk>/take/", roles.take, name="take_role"),
    path("groups/", groups.make, name="groups"),
    path("groups/<int:pk>/", groups.group_page, name="group"),
    path("groups/<int:pk>/parts/", groups.give, name="give_part"),
    path("groups/<int:pk>/parts/<int:part_id>/take/", groups.take, name="take_part"),
    path("groups/<int:pk>/leave/<int:person_id>/", groups.leave, name="leave_group"),
    path(
        "groups/<int:pk>/service-accounts/",
        service_accounts.make,
        name="service_accounts",
    ),
    path(
        "service-accounts/<int:pk>/",
        service_accounts.account_page,
        name="service_account",
    ),
    path(
        "service-accounts/<int:pk>/switch/",
        service_accounts.switch,
        name="switch_service_account",
    ),
    path("tokens/", tokens.tokens_page, name="tokens"),
    path("tokens/<int:token_id>/revoke/", tokens.revoke, name="revoke_token"),
    path("accounts/security/", security.security_page, name="security"),
    path("accounts/security/app/", factors.add_app_page, name="add_app"),
    path("accounts/security/passkeys/", factors.add_passkey_page, name="add_passkey"),
    path(
        "accounts/security/passkeys/begin/",
        factors.begin_passkey,
        name="begin_passkey",
    ),
    path(
        "accounts/security/factors/<int:factor_id>/remove/",
        factors.remove,
        name="remove_factor",
    ),
    path("accounts/security/codes/", factors.renew, name="renew_codes"),
    path("accounts/confirm/", confirming.confirm_page, name="confirm"),
    path("accounts/passkeys/ask/", second_step.ask_passkey, name="ask_passkey"),
    path("accounts/sso/", sso.go, name="sso"),
    path("accounts/sso/link/", sso.go, {"purpose": sso.LINK}, name="sso_link"),
    path("accounts/sso/confirm/", sso.go, {"purpose": sso.CONFIRM}, name="sso_confirm"),
    path("accounts/sso/callback/", sso.callback, name="sso_callback"),
    path("accounts/sso/<int:identity_id>/unlink/", sso.unlink, name="unlink"),
    path("accounts/login/second/", second_step.second_page, name="second_factor"),
    path("accounts/login/passkey/", second_step.by_passkey, name="passkey_sign_in"),
    path("accounts/sessions/<str:handle>/end/", security.end_one, name="end_session"),
    path(
        "accounts/sessions/end-others/",
        security.end_others,
        name="end_other_sessions",
    ),
    path("accounts/preferences/", preferences.preferences_page, name="preferences"),
    path("accounts/login/", sign_in.SignIn.as_view(), name="login"),
    path("accounts/logout/", sign_in.SignOut.as_view(), name="logout"),
    path(
        "accounts/password/", sign_in.ChangePassword.as_view(), name="password_change"
    ),
    path(
        "accounts/password/reset/",
        sign_in.ResetPassword.as_view(),
        name="password_reset",
    ),
    path(
        "accounts/password/reset/sent/",
        auth_views.PasswordResetDoneView.as_view(
            template_name="accounts/password_reset_sent.html"
        ),
        name="password_reset_done",
    ),
    path(
        "accounts/password/set/<uidb64>/<token>/",
        sign_in.SetPassword.as_view(),
        name="password_reset_confirm",
    ),
]
