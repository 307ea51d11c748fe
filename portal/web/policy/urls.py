"""Addresses of review rules and of what two administrators decide."""

from django.urls import path, re_path

from portal.web.policy import listing, rules, rules_edit

ON_POLICY = r"(?P<name>accept|refuse|withdraw)"

urlpatterns = [
    path("rules/", rules.rules_page, name="rules"),
    path("rules/edit/", rules_edit.edit_page, name="edit_rules"),
    path("policy/", listing.policy_page, name="policy"),
    path("policy/<int:number>/", listing.policy_change_page, name="policy_change"),
    re_path(
        rf"^policy/(?P<number>[0-9]{{1,18}})/{ON_POLICY}/$",
        listing.act,
        name="act_on_policy",
    ),
]
