"""The names of everything that can be remembered: `subject.verb-in-the-past`."""

from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django_stubs_ext import StrOrPromise


class Event(models.TextChoices):
    """Event names; never rename one that has been written."""

    CHANGE_DRAFTED = "change.drafted", _("drafted the change")
    CHANGE_GATHERED = "change.gathered", _("added to the draft")
    CHANGE_HELD_BACK = "change.held_back", _("kept the draft, which a blocker stops")
    CHANGE_SUBMITTED = "change.submitted", _("submitted the change for review")
    CHANGE_REVISED = "change.revised", _("wrote a new revision")
    CHANGE_REBASED = "change.rebased", _("joined the change with what is live now")
    CHANGE_COMMENTED = "change.commented", _("commented")
    CHANGE_APPROVED = "change.approved", _("approved")
    CHANGE_GLASS_BROKEN = "change.glass_broken", _("broke the glass: delivers it alone")
    CHANGE_REVIEWED_AFTER = (
        "change.reviewed_after",
        _("reviewed afterwards what was delivered alone"),
    )
    CHANGE_PASSED_BY_RULE = "change.passed_by_rule", _("let it pass by a rule")
    CHANGE_REJECTED = "change.rejected", _("rejected")
    CHANGE_CHANGES_REQUESTED = "change.changes_requested", _("requested changes")
    CHANGE_WITHDRAWN = "change.withdrawn", _("withdrew the change")
    CHANGE_DISCARDED = "change.discarded", _("threw the draft away")
    CHANGE_CANCELLED = "change.cancelled", _("cancelled the approved change")
    CHANGE_APPLIED = "change.applied", _("applied the change")
    CHANGE_FAILED = "change.failed", _("could not apply the change")
    CHANGE_CONFLICTED = "change.conflicted", _("found the gateway changed meanwhile")
    DELIVERY_QUEUED = "delivery.queued", _("queued the delivery")
    DELIVERY_STARTED = "delivery.started", _("started the delivery")
    DELIVERY_TAKEN_OVER = "delivery.taken_over", _("took over a stalled delivery")
    DELIVERY_POSTPONED = "delivery.postponed", _("postponed the delivery")
    DELIVERY_VERIFIED = "delivery.verified", _("verified the delivery by reading back")
    DELIVERY_COMPENSATED = "delivery.compensated", _("restored what had been written")
    DELIVERY_REFUSED = (
        "delivery.refused",
        _("refused to deliver without proof of approval"),
    )
    DELIVERY_RETRIED = "delivery.retried", _("retried the delivery")
    EXPIRY_SCHEDULED = "expiry.scheduled", _("scheduled taking the change back")
    EXPIRY_ENDED_EARLY = "expiry.ended_early", _("let it be taken back before its time")
    FREEZE_MADE = "freeze.made", _("froze deliveries")
    FREEZE_ENDED = "freeze.ended", _("ended the freeze")
    FREEZE_OVERRIDDEN = (
        "freeze.overridden",
        _("let it be delivered in spite of a freeze"),
    )
    PROBE_PASSED = "probe.passed", _("saw the gateway answer as the change expects")
    PROBE_FAILED = "probe.failed", _("saw the gateway answer otherwise than expected")
    DRIFT_FOUND = "drift.found", _("found something changed outside of Gatehouse")
    DRIFT_MOVED = "drift.moved", _("found it changed again outside of Gatehouse")
    DRIFT_CLOSED = "drift.closed", _("closed the drifts of a gateway retired before")
    DRIFT_GONE = "drift.gone", _("found it as it was approved again")
    DRIFT_ADOPTED = "drift.adopted", _("accepted what was changed outside")
    DRIFT_IGNORED = "drift.ignored", _("chose to ignore what was changed outside")
    DRIFT_REVERT_ASKED = (
        "drift.revert_asked",
        _("asked to undo what was changed outside"),
    )
    DRIFT_REVERTED = "drift.reverted", _("undid what was changed outside")
    DRIFT_RULE_ADDED = "drift_rule.added", _("made a rule to ignore drift")
    DRIFT_RULE_REMOVED = "drift_rule.removed", _("removed a rule to ignore drift")
    TOKEN_CREATED = "token.created", _("made an API token")  # noqa: S105
    TOKEN_REVOKED = "token.revoked", _("revoked an API token")  # noqa: S105
    PROGRAM_REGISTERED = "program.registered", _("registered a program")
    PROGRAM_CHANGED = "program.changed", _("changed where a program's answers go")
    PROGRAM_REMOVED = "program.removed", _("removed a program")
    PROGRAM_CONNECTED = "program.connected", _("let a program in")
    PROGRAM_DISCONNECTED = "program.disconnected", _("disconnected a program")
    PROGRAM_CUT_OFF = (
        "program.cut_off",
        _("disconnected a program whose code or token came twice"),
    )
    PERSON_SIGNED_IN = "person.signed_in", _("signed in")
    PERSON_SIGN_IN_FAILED = "person.sign_in_failed", _("failed to sign in")
    PERSON_SIGNED_OUT = "person.signed_out", _("signed out")
    SECOND_FACTOR_ADDED = "person.second_factor_added", _("added a second factor")
    SECOND_FACTOR_REMOVED = "person.second_factor_removed", _("removed a second factor")
    SECOND_FACTOR_RESET = (
        "person.second_factor_reset",
        _("took somebody's second factors away"),
    )
    RECOVERY_CODES_MADE = "person.recovery_codes_made", _("made new recovery codes")
    RECOVERY_CODE_USED = "person.recovery_code_used", _("used a recovery code")
    IDENTITY_LINKED = (
        "person.identity_linked",
        _("linked the account to single sign-on"),
    )
    IDENTITY_UNLINKED = (
        "person.identity_unlinked",
        _("parted the account from single sign-on"),
    )
    PERSON_CONFIRMED = "person.confirmed", _("confirmed that it is them")
    SESSION_REVOKED = "session.revoked", _("signed out somewhere else")
    SESSIONS_REVOKED = "session.others_revoked", _("signed out everywhere else")
    PERSON_CREATED = "person.created", _("created the account")
    PERSON_CHANGED = "person.changed", _("changed the account")
    PERSON_RESET_SENT = "person.reset_sent", _("sent a password reset link")
    MEMBERSHIP_GRANTED = "membership.granted", _("granted a role")
    MEMBERSHIP_REVOKED = "membership.revoked", _("took a role away")
    POLICY_PROPOSED = "policy.proposed", _("asked for a change of policy")
    POLICY_ACCEPTED = "policy.accepted", _("accepted the change of policy")
    POLICY_REFUSED = "policy.refused", _("refused the change of policy")
    POLICY_WITHDRAWN = "policy.withdrawn", _("withdrew the change of policy")
    POLICY_TAKEN_ALONE = "policy.taken_alone", _("changed policy alone")
    SERVICE_ACCOUNT_MADE = "person.service_made", _("made the service account")
    GROUP_MADE = "group.made", _("made the group")
    GROUP_JOINED = "group.joined", _("took somebody into the group")
    OWNERSHIP_GIVEN = "ownership.given", _("let the group own a part")
    OWNERSHIP_TAKEN = "ownership.taken", _("took a part from the group")
    GROUP_LEFT = "group.left", _("took somebody out of the group")
    RULES_CHANGED = "rules.changed", _("changed the review rules")
    GATEWAY_CREATED = "gateway.created", _("added the gateway")
    GATEWAY_CHANGED = "gateway.changed", _("changed the gateway's settings")
    GATEWAY_RETIRED = "gateway.retired", _("retired the gateway")
    GATEWAY_EXPORTED = "gateway.exported", _("exported the gateway with its secrets")
    WEBHOOK_MADE = "webhook.made", _("made a webhook")
    WEBHOOK_PAUSED = "webhook.paused", _("paused the webhook")
    WEBHOOK_RESUMED = "webhook.resumed", _("resumed the webhook")
    WEBHOOK_REMOVED = "webhook.removed", _("removed the webhook")
    AUDIT_EXPORTED = "audit.exported", _("exported the audit")
    AUDIT_SIGNED = "audit.signed", _("signed the head of the audit")
    AUDIT_ARCHIVED = "audit.archived", _("archived a month of the audit")
    AUDIT_BROKEN = "audit.broken", _("found the audit broken")
    AUDIT_MENDED = "audit.mended", _("found that the audit holds again")
    KEYS_ROTATED = "keys.rotated", _("rotated the encryption keys")


def event_choices() -> "Sequence[tuple[str, StrOrPromise]]":
    """Return (name, words) of every event; by a function, new ones need no migration."""
    return Event.choices
