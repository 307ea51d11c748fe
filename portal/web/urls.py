"""Addresses for people."""

from django.urls import include, path, re_path

from portal.web import design, help, home, inbox, webhooks

app_name = "web"

ON_WEBHOOK = r"(?P<name>pause|resume|remove|test)"

urlpatterns = [
    path("", home.home_page, name="home"),
    path("help/", help.help_page, name="help"),
    path("help/connect/", help.connect_page, name="connect"),
    path("inbox/", inbox.inbox_page, name="inbox"),
    path("inbox/read/", inbox.read_everything, name="inbox_read"),
    path("inbox/settings/", inbox.settings_page, name="inbox_settings"),
    path("inbox/<int:number>/", inbox.notification_page, name="notification"),
    path("design/", design.design_page, name="design"),
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
    path("", include("portal.web.asking.urls")),
    path("", include("portal.web.files.urls")),
    path("", include("portal.web.people.urls")),
    path("", include("portal.web.policy.urls")),
    path("", include("portal.web.trail.urls")),
    path("", include("portal.web.changes.urls")),
    # Last: what names a kind of resource fits whatever stands below a gateway.
    path("", include("portal.web.gateways.urls")),
]
