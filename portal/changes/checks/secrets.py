"""Secrets that cannot be kept, restored, or that go somewhere new."""

from collections.abc import Iterator

from django.utils.translation import gettext_noop

from gateway.destinations import secrets_to_new_destinations
from gateway.live import Live
from gateway.schemas import Schemas
from portal.changes.checks.subject import Code, Subject
from portal.changes.findings import Finding, Severity
from portal.changes.models import Action
from portal.changes.plan import Plan

SECRET_NOT_RESOLVED = Code(
    "secret_not_resolved",
    Severity.BLOCKER,
    gettext_noop("A redacted value stands for no secret that is there now."),
)
CERTIFICATE_KEY_MISSING = Code(
    "certificate_key_missing",
    Severity.BLOCKER,
    gettext_noop(
        "A certificate is updated without its key, which the gateway never shows."
    ),
)
SECRET_FOLLOWS_NEW_DESTINATION = Code(
    "secret_follows_new_destination",
    Severity.WARNING,
    gettext_noop("A secret stays while the address it is sent to changes."),
)
IRREVERSIBLE = Code(
    "irreversible",
    Severity.WARNING,
    gettext_noop("What is replaced or deleted cannot be restored from here."),
)


CANNOT_BE_TAKEN_BACK = Code(
    "cannot_be_taken_back",
    Severity.BLOCKER,
    gettext_noop(
        "What a change that may be taken back replaces could not be restored."
    ),
)


def secret_not_resolved(plan: Plan, live: Live, schemas: Schemas) -> Iterator[Finding]:
    """A redacted value stands for a secret only where the live resource holds it."""
    for index, item in enumerate(plan.items):
        for path in item.unresolved:
            yield SECRET_NOT_RESOLVED.finding(
                index,
                path=path,
                words="This redacted value does not stand for the secret that is there now.",
                mend="Leave the field out to keep the secret, or give the secret itself.",
            )


def certificate_key_missing(
    plan: Plan, live: Live, schemas: Schemas
) -> Iterator[Finding]:
    """The gateway never shows a certificate's key, so an update must bring it."""
    for index, item in enumerate(plan.items):
        if (
            item.kind.name == "ssl"
            and item.action is Action.UPDATE
            and item.wanted is not None
            and "key" not in item.wanted
        ):
            yield CERTIFICATE_KEY_MISSING.finding(
                index,
                path="key",
                words="The gateway does not show this certificate's private key, so an "
                "update without it would lose it.",
                mend="Give the certificate's key with the update.",
            )


def secret_follows_new_destination(
    plan: Plan, live: Live, schemas: Schemas
) -> Iterator[Finding]:
    """A kept secret that is sent to a new place may be a way to steal it."""
    for index, item in enumerate(plan.items):
        if item.base is None or item.wanted is None:
            continue
        for path, destination in secrets_to_new_destinations(
            item.kind.name,
            item.base,
            item.wanted,
            encrypt_fields=schemas.encrypt_fields,
        ):
            yield SECRET_FOLLOWS_NEW_DESTINATION.finding(
                index,
                path=path,
                words=f"The secret here stays, but {destination} changes: the secret will be "
                "sent to a new place.",
                mend="Make sure the new destination may know the secret, or give a new one.",
            )


def irreversible(plan: Plan, live: Live, schemas: Schemas) -> Iterator[Finding]:
    """What the gateway never shows cannot be restored."""
    for index, item in enumerate(plan.items):
        if item.base is not None and item.kind.write_only:
            yield IRREVERSIBLE.finding(
                index,
                path="key",
                words="The present private key is not known here, so this cannot be undone "
                "from here.",
                mend="Keep the present certificate and key at hand before approving.",
            )


def cannot_be_taken_back(plan: Plan, live: Live, schemas: Schemas) -> Iterator[Finding]:
    """A change that may be taken back promises that what it replaces comes back."""
    if not plan.terms.announces_inverse:
        return
    asked_by = "expires_after" if plan.terms.expires_after else "probe.take_back"
    for index, item in enumerate(plan.items):
        if item.base is not None and item.kind.write_only:
            yield CANNOT_BE_TAKEN_BACK.finding(
                index,
                path="key",
                words="The present private key is not known here, so this could not be "
                "taken back.",
                mend=f"Leave {asked_by} out, or create another certificate instead.",
            )


SUBJECT = Subject(
    title=gettext_noop("Secrets"),
    matters=gettext_noop(
        "A mark stands for a secret only where that secret is now; elsewhere it would be written as it is."
    ),
    checks=(
        secret_not_resolved,
        certificate_key_missing,
        secret_follows_new_destination,
        irreversible,
        cannot_be_taken_back,
    ),
    codes=(
        SECRET_NOT_RESOLVED,
        CERTIFICATE_KEY_MISSING,
        SECRET_FOLLOWS_NEW_DESTINATION,
        IRREVERSIBLE,
        CANNOT_BE_TAKEN_BACK,
    ),
)
