"""The back office's index: by what people look for, not by where the code keeps it."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext, gettext_noop

# Titles of sections, and the models of each in the order in which they are looked for.
SECTIONS: Mapping[str, tuple[str, ...]] = {
    gettext_noop("Changes"): (
        "changes.ChangeRequest",
        "changes.Revision",
        "changes.Item",
        "changes.Review",
        "changes.Comment",
        "changes.RuleApproval",
        "changes.AfterReview",
    ),
    gettext_noop("Deliveries"): (
        "changes.Delivery",
        "changes.Attempt",
        "changes.Step",
        "changes.ProbeRun",
        "changes.NodeSighting",
        "changes.Freeze",
        "changes.FreezeOverride",
    ),
    gettext_noop("Gateways"): (
        "gateway.Gateway",
        "gateway.Resource",
        "gateway.Catalogue",
        "drift.Drift",
        "drift.DriftRule",
    ),
    gettext_noop("People"): (
        "accounts.Person",
        "accounts.Membership",
        "accounts.Ownership",
        "accounts.Vouching",
        "accounts.Session",
        "accounts.Factor",
        "accounts.RecoveryCode",
        "accounts.Identity",
    ),
    gettext_noop("Programs"): (
        "accounts.ApiToken",
        "accounts.Program",
        "accounts.Grant",
        "accounts.AccessToken",
        "accounts.RefreshToken",
    ),
    gettext_noop("Policy"): ("accounts.PolicyChange", "changes.RuleSet"),
    gettext_noop("Audit"): (
        "audit.AuditEvent",
        "audit.LedgerCheck",
        "audit.AuditHead",
        "audit.Archive",
        "audit.AuditStream",
        "audit.SigningKey",
    ),
    gettext_noop("Telling others"): (
        "webhooks.Webhook",
        "webhooks.Message",
        "webhooks.Try",
        "notifications.Notification",
    ),
}
THE_REST = gettext_noop("Inner workings")


def sections(apps: Iterable[dict[str, Any]], index: str) -> list[dict[str, Any]]:
    """Return the admin's list of apps as sections; what none names is the last one's.

    `apps` is what `AdminSite.get_app_list` returns; `index` the address of the index.
    """
    models = {
        entry["model"]._meta.label: entry for app in apps for entry in app["models"]
    }
    named = {
        title: [models.pop(label) for label in labels if label in models]
        for title, labels in SECTIONS.items()
    }
    named[THE_REST] = list(models.values())
    return [
        {
            "name": gettext(title),
            "app_label": title.lower().replace(" ", "-"),
            "app_url": f"{index}#{title.lower().replace(' ', '-')}",
            "has_module_perms": True,
            "models": entries,
        }
        for title, entries in named.items()
        if entries
    ]
