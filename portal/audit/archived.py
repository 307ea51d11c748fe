"""What left the ledger for an archive: where the chain that is here begins."""

from collections.abc import Iterator

from portal.audit.chain import Chain, Problem
from portal.audit.events import Event
from portal.audit.models import Archive, AuditEvent


def archived() -> Chain:
    """Return the number and the hash of the last entry that left. One query."""
    newest = Archive.objects.order_by("-last").first()
    return Chain(newest.last, newest.last_hash) if newest else Chain()


def problems_of_archives() -> Iterator[Problem]:
    """Say so if the ledger does not confirm what the archives claim.

    An event confirms the newest, and each the one before it. Two queries.
    """
    newest, chain = None, Chain()
    for newest in Archive.objects.order_by("last"):
        if (newest.first, newest.first_previous) != (chain.number + 1, chain.hash):
            yield Problem(
                None,
                f"The archive {newest.file} does not follow from the one before it.",
            )
        chain = Chain(newest.last, newest.last_hash)
    if newest is None:
        return
    told = (
        AuditEvent.objects.filter(
            event=Event.AUDIT_ARCHIVED, details__month=newest.month
        )
        .order_by("-number")
        .first()
    )
    if told is None or told.details != newest.told():
        yield Problem(
            None, f"No event confirms the archive {newest.file}, which claims its past."
        )
