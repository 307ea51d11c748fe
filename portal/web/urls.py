"""Addresses for people."""

from django.contrib.auth import views as auth_views
from django.urls import path, re_path

from portal.web import (
    ask,
    audit,
    certificates,
    change,
    changes,
    checks,
    completions,
    confirming,
    design,
    drift,
    drift_rules,
    factors,
    freezes,
    gateways,
    groups,
    help,
    home,
    inbox,
    openapi,
    overview,
    plugins,
    policy,
    promote,
    rebase,
    recipes,
    resources,
    roles,
    rollback,
    second_step,
    security,
    sign_in,
    simulate,
    sso,
    together,
    tokens,
    topology,
    transfer,
    webhooks,
)

app_name = "web"

ACT = r"(?P<name>approve|reject|request-changes|comment|withdraw|cancel|retry|override|end-early|break-glass|review-after)"
ON_WEBHOOK = r"(?P<name>pause|resume|remove|test)"
ON_POLICY = r"(?P<name>accept|refuse|withdraw)"
RESOLVE = r"(?P<name>adopt|ignore|revert)"

urlpatterns = [
    path("", home.home_page, name="home"),
    path("changes/", changes.changes_page, name="changes"),
    path("changes/filters/", changes.keep_filter, name="keep_filter"),
    path("changes/filters/<int:pk>/", changes.forget_filter, name="forget_filter"),
    path("changes/new/", ask.ask_page, name="ask"),
    path("changes/together/", together.together_page, name="together"),
    path("changes/<int:number>/", change.change_page, name="change"),
    path("changes/<int:number>/revise/", ask.revise_page, name="revise"),
    path("changes/<int:number>/rebase/", rebase.rebase_page, name="rebase"),
    path("changes/<int:number>/rollback/", rollback.rollback_page, name="rollback"),
    re_path(rf"^changes/(?P<number>[0-9]{{1,18}})/{ACT}/$", change.act, name="act"),
    path("certificates/", certificates.certificates_page, name="certificates"),
    path("checks/", checks.checks_page, name="checks"),
    path("help/", help.help_page, name="help"),
    path("help/connect/", help.connect_page, name="connect"),
    path("inbox/", inbox.inbox_page, name="inbox"),
    path("inbox/read/", inbox.read_everything, name="inbox_read"),
    path("inbox/settings/", inbox.settings_page, name="inbox_settings"),
    path("inbox/<int:number>/", inbox.notification_page, name="notification"),
    path("design/", design.design_page, name="design"),
    path("gateways/", gateways.gateways_page, name="gateways"),
    path("gateways/<slug:slug>/", overview.gateway_page, name="gateway"),
    path(
        "gateways/<slug:slug>/certificates/",
        certificates.gateway_certificates_page,
        name="gateway_certificates",
    ),
    path(
        "gateways/<slug:slug>/freezes/",
        freezes.gateway_freezes_page,
        name="gateway_freezes",
    ),
    path("gateways/<slug:slug>/topology/", topology.topology_page, name="topology"),
    path("gateways/<slug:slug>/simulator/", simulate.simulate_page, name="simulate"),
    path("gateways/<slug:slug>/schemas/", overview.read_schemas, name="read_schemas"),
    path("gateways/<slug:slug>/transfer/", transfer.transfer_page, name="transfer"),
    path("gateways/<slug:slug>/transfer/export/", transfer.export_file, name="export"),
    path("gateways/<slug:slug>/openapi/", openapi.openapi_page, name="openapi"),
    path(
        "gateways/<slug:slug>/openapi/document/",
        openapi.openapi_document,
        name="openapi_document",
    ),
    path(
        "gateways/<slug:slug>/openapi/publish/",
        openapi.publish_openapi,
        name="publish_openapi",
    ),
    path("gateways/<slug:slug>/promote/", promote.promote_page, name="promote"),
    path(
        "gateways/<slug:slug>/recipes/<str:route_id>/",
        recipes.recipes_page,
        name="recipes",
    ),
    path(
        "gateways/<slug:slug>/recipes/<str:route_id>/<slug:name>/",
        recipes.recipe_page,
        name="recipe",
    ),
    path(
        "gateways/<slug:slug>/completions/<slug:kind>/",
        completions.completions_of,
        name="completions",
    ),
    path("plugins/", plugins.plugins_page, name="plugins"),
    path("gateways/<slug:slug>/plugins/", plugins.catalogue_page, name="plugins_of"),
    path(
        "gateways/<slug:slug>/plugins/<path:name>/", plugins.plugin_page, name="plugin"
    ),
    path("gateways/<slug:slug>/drift/", drift.drifts_page, name="drifts"),
    path(
        "gateways/<slug:slug>/drift/rules/", drift_rules.rules_page, name="drift_rules"
    ),
    path(
        "gateways/<slug:slug>/drift/rules/<int:rule_id>/remove/",
        drift_rules.remove,
        name="remove_drift_rule",
    ),
    path("gateways/<slug:slug>/drift/<int:pk>/", drift.drift_page, name="drift"),
    re_path(
        rf"^gateways/(?P<slug>[-\w]+)/drift/(?P<pk>[0-9]{{1,18}})/{RESOLVE}/$",
        drift.resolve,
        name="resolve_drift",
    ),
    path(
        "gateways/<slug:slug>/<slug:kind>/", resources.resources_page, name="resources"
    ),
    path(
        "gateways/<slug:slug>/<slug:kind>/<path:resource_id>/",
        resources.resource_page,
        name="resource",
    ),
    path("audit/", audit.audit_page, name="audit"),
    path("audit/export", audit.export_page, name="export_audit"),
    path("audit/verify/", audit.verify, name="verify_audit"),
    path("audit/<int:number>/", audit.entry_page, name="audit_entry"),
    path("freezes/", freezes.freezes_page, name="freezes"),
    path("freezes/<int:number>/end/", freezes.end, name="end_freeze"),
    path("policy/", policy.policy_page, name="policy"),
    path("policy/<int:number>/", policy.policy_change_page, name="policy_change"),
    re_path(
        rf"^policy/(?P<number>[0-9]{{1,18}})/{ON_POLICY}/$",
        policy.act,
        name="act_on_policy",
    ),
    path("webhooks/", webhooks.webhooks_page, name="webhooks"),
    path("webhooks/<int:pk>/", webhooks.webhook_page, name="webhook"),
    re_path(
        rf"^webhooks/(?P<pk>[0-9]{{1,18}})/{ON_WEBHOOK}/$",
        webhooks.act,
        name="act_on_webhook",
    ),
    path(
        "webhooks/<int:pk>/messages/<int:message_id>/again/",
        webhooks.again,
        name="send_again",
    ),
    path("roles/", roles.roles_page, name="roles"),
    path("roles/<int:pk>/take/", roles.take, name="take_role"),
    path("groups/", groups.make, name="groups"),
    path("groups/<int:pk>/", groups.group_page, name="group"),
    path("groups/<int:pk>/parts/", groups.give, name="give_part"),
    path("groups/<int:pk>/parts/<int:part_id>/take/", groups.take, name="take_part"),
    path("groups/<int:pk>/leave/<int:person_id>/", groups.leave, name="leave_group"),
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
