"""What each kind of row in the back office is for: who sees it, and who does what to it.

Written from what the rows are, as tests/permission_table.py is from what addresses are.
Nobody comes in who is not staff.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.permission_table import (
    ADMINISTER,
    DECIDE,
    EXPORT,
    NOBODY,
    READ,
    SUPERUSER,
    Need,
)


@dataclass(frozen=True)
class Rows:
    """What seeing them needs, making and changing one by a form, and each action."""

    see: Need
    write: Need = NOBODY
    actions: Mapping[str, Need] = field(default_factory=dict)


# What everybody sees who sees the gateway it is of: in the portal, too.
OF_A_GATEWAY = Rows(READ)
# Whom somebody let in, what is told to whom, and how the desk itself works: for who
# reads everything.
OF_THE_DESK = Rows(EXPORT)

BACK_OFFICE: dict[str, Rows] = {
    "changes.ChangeRequest": Rows(
        READ, actions={"approve_selected": DECIDE, "reject_selected": DECIDE}
    ),
    "gateway.Gateway": Rows(
        READ, write=ADMINISTER, actions={"retire_selected": ADMINISTER}
    ),
    "accounts.Person": Rows(
        EXPORT,
        write=ADMINISTER,
        actions={"send_reset_links": ADMINISTER, "reset_second_factors": ADMINISTER},
    ),
    "accounts.ApiToken": Rows(EXPORT, actions={"revoke_selected": SUPERUSER}),
    "accounts.Program": Rows(EXPORT, actions={"remove_selected": ADMINISTER}),
    **dict.fromkeys(
        (
            "audit.AuditEvent",
            "changes.AfterReview",
            "changes.Attempt",
            "changes.Awaited",
            "changes.ChangeWord",
            "changes.Comment",
            "changes.Delivery",
            "changes.Freeze",
            "changes.FreezeOverride",
            "changes.Gathering",
            "changes.IdempotencyKey",
            "changes.Item",
            "changes.NodeSighting",
            "changes.ProbeRun",
            "changes.Review",
            "changes.Revision",
            "changes.RuleApproval",
            "changes.SpecImport",
            "changes.Step",
            "drift.Drift",
            "drift.DriftRule",
            "gateway.Catalogue",
            "gateway.Facet",
            "gateway.Resource",
        ),
        OF_A_GATEWAY,
    ),
    **dict.fromkeys(
        (
            "accounts.AccessToken",
            "accounts.Factor",
            "accounts.Grant",
            "accounts.Identity",
            "accounts.LinkRequest",
            "accounts.Membership",
            "accounts.Ownership",
            "accounts.PolicyChange",
            "accounts.PolicyLock",
            "accounts.RecoveryCode",
            "accounts.RefreshToken",
            "accounts.Session",
            "accounts.Vouching",
            "audit.Archive",
            "audit.AuditHead",
            "audit.AuditStream",
            "audit.LedgerCheck",
            "audit.LedgerHead",
            "audit.SigningKey",
            # A file that nobody filed yet is its author's, as a draft is.
            "changes.ImportFile",
            "changes.RuleSet",
            "changes.SavedFilter",
            "gateway.FingerprintKey",
            "notifications.Notification",
            "notifications.Progress",
            "notifications.Wish",
            # As the portal's page of them.
            "webhooks.Message",
            "webhooks.Try",
            "webhooks.Webhook",
        ),
        OF_THE_DESK,
    ),
}
