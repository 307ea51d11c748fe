"""The names of everything that can be remembered: `subject.verb-in-the-past`."""

from django.db import models


class Event(models.TextChoices):
    """Event names; never rename one that has been written."""

    CHANGE_DRAFTED = "change.drafted", "drafted the change"
    CHANGE_GATHERED = "change.gathered", "added to the draft"
    CHANGE_HELD_BACK = "change.held_back", "kept the draft, which a blocker stops"
    CHANGE_SUBMITTED = "change.submitted", "submitted the change for review"
    CHANGE_REVISED = "change.revised", "wrote a new revision"
    CHANGE_REBASED = "change.rebased", "joined the change with what is live now"
    CHANGE_COMMENTED = "change.commented", "commented"
    CHANGE_APPROVED = "change.approved", "approved"
    CHANGE_GLASS_BROKEN = "change.glass_broken", "broke the glass: delivers it alone"
    CHANGE_REVIEWED_AFTER = (
        "change.reviewed_after",
        "reviewed afterwards what was delivered alone",
    )
    CHANGE_PASSED_BY_RULE = "change.passed_by_rule", "let it pass by a rule"
    CHANGE_REJECTED = "change.rejected", "rejected"
    CHANGE_CHANGES_REQUESTED = "change.changes_requested", "requested changes"
    CHANGE_WITHDRAWN = "change.withdrawn", "withdrew the change"
    CHANGE_DISCARDED = "change.discarded", "threw the draft away"
    CHANGE_CANCELLED = "change.cancelled", "cancelled the approved change"
    CHANGE_APPLIED = "change.applied", "applied the change"
    CHANGE_FAILED = "change.failed", "could not apply the change"
    CHANGE_CONFLICTED = "change.conflicted", "found the gateway changed meanwhile"
    DELIVERY_QUEUED = "delivery.queued", "queued the delivery"
    DELIVERY_STARTED = "delivery.started", "started the delivery"
    DELIVERY_TAKEN_OVER = "delivery.taken_over", "took over a stalled delivery"
    DELIVERY_POSTPONED = "delivery.postponed", "postponed the delivery"
    DELIVERY_VERIFIED = "delivery.verified", "verified the delivery by reading back"
    DELIVERY_COMPENSATED = "delivery.compensated", "restored what had been written"
    DELIVERY_REFUSED = (
        "delivery.refused",
        "refused to deliver without proof of approval",
    )
    DELIVERY_RETRIED = "delivery.retried", "retried the delivery"
    EXPIRY_SCHEDULED = "expiry.scheduled", "scheduled taking the change back"
    EXPIRY_ENDED_EARLY = "expiry.ended_early", "let it be taken back before its time"
    FREEZE_MADE = "freeze.made", "froze deliveries"
    FREEZE_ENDED = "freeze.ended", "ended the freeze"
    FREEZE_OVERRIDDEN = "freeze.overridden", "let it be delivered in spite of a freeze"
    PROBE_PASSED = "probe.passed", "saw the gateway answer as the change expects"
    PROBE_FAILED = "probe.failed", "saw the gateway answer otherwise than expected"
    DRIFT_FOUND = "drift.found", "found something changed outside of Gatehouse"
    DRIFT_MOVED = "drift.moved", "found it changed again outside of Gatehouse"
    DRIFT_GONE = "drift.gone", "found it as it was approved again"
    DRIFT_ADOPTED = "drift.adopted", "accepted what was changed outside"
    DRIFT_IGNORED = "drift.ignored", "chose to ignore what was changed outside"
    DRIFT_REVERT_ASKED = "drift.revert_asked", "asked to undo what was changed outside"
    DRIFT_REVERTED = "drift.reverted", "undid what was changed outside"
    DRIFT_RULE_ADDED = "drift_rule.added", "made a rule to ignore drift"
    DRIFT_RULE_REMOVED = "drift_rule.removed", "removed a rule to ignore drift"
    TOKEN_CREATED = "token.created", "made an API token"  # noqa: S105
    TOKEN_REVOKED = "token.revoked", "revoked an API token"  # noqa: S105
    PROGRAM_REGISTERED = "program.registered", "registered a program"
    PROGRAM_CHANGED = "program.changed", "changed where a program's answers go"
    PROGRAM_REMOVED = "program.removed", "removed a program"
    PROGRAM_CONNECTED = "program.connected", "let a program in"
    PROGRAM_DISCONNECTED = "program.disconnected", "disconnected a program"
    PROGRAM_CUT_OFF = (
        "program.cut_off",
        "disconnected a program whose code or token came twice",
    )
    PERSON_SIGNED_IN = "person.signed_in", "signed in"
    PERSON_SIGN_IN_FAILED = "person.sign_in_failed", "failed to sign in"
    PERSON_SIGNED_OUT = "person.signed_out", "signed out"
    SECOND_FACTOR_ADDED = "person.second_factor_added", "added a second factor"
    SECOND_FACTOR_REMOVED = "person.second_factor_removed", "removed a second factor"
    SECOND_FACTOR_RESET = (
        "person.second_factor_reset",
        "took somebody's second factors away",
    )
    RECOVERY_CODES_MADE = "person.recovery_codes_made", "made new recovery codes"
    RECOVERY_CODE_USED = "person.recovery_code_used", "used a recovery code"
    IDENTITY_LINKED = "person.identity_linked", "linked the account to single sign-on"
    IDENTITY_UNLINKED = (
        "person.identity_unlinked",
        "parted the account from single sign-on",
    )
    PERSON_CONFIRMED = "person.confirmed", "confirmed that it is them"
    SESSION_REVOKED = "session.revoked", "signed out somewhere else"
    SESSIONS_REVOKED = "session.others_revoked", "signed out everywhere else"
    PERSON_CREATED = "person.created", "created the account"
    PERSON_CHANGED = "person.changed", "changed the account"
    PERSON_RESET_SENT = "person.reset_sent", "sent a password reset link"
    MEMBERSHIP_GRANTED = "membership.granted", "granted a role"
    MEMBERSHIP_REVOKED = "membership.revoked", "took a role away"
    POLICY_PROPOSED = "policy.proposed", "asked for a change of policy"
    POLICY_ACCEPTED = "policy.accepted", "accepted the change of policy"
    POLICY_REFUSED = "policy.refused", "refused the change of policy"
    POLICY_WITHDRAWN = "policy.withdrawn", "withdrew the change of policy"
    POLICY_TAKEN_ALONE = "policy.taken_alone", "changed policy alone"
    SERVICE_ACCOUNT_MADE = "person.service_made", "made the service account"
    GROUP_MADE = "group.made", "made the group"
    GROUP_JOINED = "group.joined", "took somebody into the group"
    OWNERSHIP_GIVEN = "ownership.given", "let the group own a part"
    OWNERSHIP_TAKEN = "ownership.taken", "took a part from the group"
    GROUP_LEFT = "group.left", "took somebody out of the group"
    RULES_CHANGED = "rules.changed", "changed the review rules"
    GATEWAY_CREATED = "gateway.created", "added the gateway"
    GATEWAY_CHANGED = "gateway.changed", "changed the gateway's settings"
    GATEWAY_RETIRED = "gateway.retired", "retired the gateway"
    GATEWAY_EXPORTED = "gateway.exported", "exported the gateway with its secrets"
    WEBHOOK_MADE = "webhook.made", "made a webhook"
    WEBHOOK_PAUSED = "webhook.paused", "paused the webhook"
    WEBHOOK_RESUMED = "webhook.resumed", "resumed the webhook"
    WEBHOOK_REMOVED = "webhook.removed", "removed the webhook"
    AUDIT_EXPORTED = "audit.exported", "exported the audit"
    AUDIT_SIGNED = "audit.signed", "signed the head of the audit"
    AUDIT_ARCHIVED = "audit.archived", "archived a month of the audit"
    AUDIT_BROKEN = "audit.broken", "found the audit broken"
    AUDIT_MENDED = "audit.mended", "found that the audit holds again"
    KEYS_ROTATED = "keys.rotated", "rotated the encryption keys"


def event_choices() -> list[tuple[str, str]]:
    """Return (name, words) of every event; by a function, new ones need no migration."""
    return Event.choices
