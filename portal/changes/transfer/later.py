"""Read a large file by a worker, while whoever gave it looks on.

The row is the promise, the message only a hint. Reading twice does no harm: a change is
filed in the transaction that ends its file, and a file ends once.
"""

from typing import Any

import structlog
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext

from gateway import sealing
from gateway.formats.errors import FormatError
from gateway.formats.reader import decoded
from portal.accounts.actor import Actor, Channel
from portal.accounts.errors import NotAllowed
from portal.accounts.roles import Verb
from portal.changes.checkpoints import reached
from portal.changes.errors import Malformed
from portal.changes.models import ChangeRequest, ImportFile, ImportState
from portal.changes.models.import_file import CLAIM
from portal.changes.openapi.asked import FORMAT as OPENAPI
from portal.changes.openapi.asked import DocumentAsked, options_of
from portal.changes.openapi.propose_document import propose_document
from portal.changes.outbox import hint_on_commit
from portal.changes.propose import check_words, request_digest
from portal.changes.terms import Terms
from portal.changes.transfer.formats import Format
from portal.changes.transfer.propose_file import FileAsked, propose_file
from portal.changes.transfer.reading import bad_file
from portal.errors import GatehouseError

# Up to so many bytes a file is read while somebody waits: about two seconds.
AT_ONCE = 500_000
# So many workers may die over a file before it is taken for the reason.
TRIES = 3
KILLS = (
    f"{TRIES} workers in turn stopped while they read this file, so it is not read again. "
    "It may be too large or too deeply nested for this desk: split it. If it is neither, "
    "tell an administrator."
)
IMPORT_ONE = "portal.changes.tasks.import_one"
# What reading takes of the work, in percent; the rest is asking the gateway.
READING = 80
TOLD_EVERY = 5

log = structlog.get_logger(__name__)


class Overtaken(Exception):
    """Another worker ended the file meanwhile: this one took too long."""


def keep_for_later(asked: FileAsked | DocumentAsked, *, actor: Actor) -> ImportFile:
    """Keep a file for a worker; the same one that waits already is returned.

    Raises NotAllowed, NotVisible, Malformed for words that are missing, terms that nobody
    can ask for, or a file that is no text.
    """
    person = actor.require(Verb.ASK, asked.gateway)
    change = asked.as_change()
    check_words(change)
    asked.terms.check(timezone.now())
    try:
        decoded(asked.source)
    except FormatError as error:
        raise bad_file(error) from error
    with transaction.atomic():
        file, is_new = ImportFile.objects.get_or_create(
            author=person,
            request_digest=request_digest(change),
            state=ImportState.WAITING,
            defaults={
                "gateway": asked.gateway,
                "token": actor.token,
                "client": actor.client[:200],
                "conversation": asked.conversation[:200],
                "format": asked.format,
                "options": asked.options_told(),
                "delete_missing": asked.delete_missing,
                "deliver_after": asked.terms.deliver_after,
                "expires_after": asked.terms.expires_after,
                "reason": asked.reason,
                "title": asked.title,
                "idempotency_key": asked.idempotency_key,
                "sealed": sealing.seal(asked.source.decode()),
                "size": len(asked.source),
            },
        )
        if is_new:
            hint_on_commit(file.pk, IMPORT_ONE)
    return file


def import_kept(file_id: int) -> None:
    """Read a kept file and file its change, or keep why not. Twice does no harm.

    One over which its workers died, each time, is refused.
    """
    now = timezone.now()
    mine = ImportFile.objects.free(now).filter(pk=file_id)
    if not mine.update(claimed_until=now + CLAIM, tries=F("tries") + 1):
        return
    file = ImportFile.objects.select_related("gateway", "author", "token").get(
        pk=file_id
    )
    try:
        if file.tries > TRIES:
            raise Malformed(KILLS, field="file")
        _import(file)
    except Overtaken:
        log.warning("import overtaken", file=file_id)
    except GatehouseError as error:
        refusal: dict[str, Any] = {
            "status": error.status,
            "code": error.code,
            "detail": str(error),
            "field": error.field,
        }
        file.end(ImportState.REFUSED, refusal=refusal | error.extra)
    except Exception as error:  # noqa: BLE001 - else it would be tried for ever
        log.error("import failed", file=file_id, exc_info=error)
        words = "Something went wrong on our side. Tell an administrator."
        file.end(
            ImportState.REFUSED,
            refusal={"status": 500, "code": "internal", "detail": words, "field": ""},
        )


def _import(file: ImportFile) -> None:
    told = 0

    def progress(part: float) -> None:
        nonlocal told
        percent = int(part * READING)
        if percent >= told + TOLD_EVERY:
            told = percent
            file.tell(percent)

    def filed(change: ChangeRequest, passed_over: tuple[str, ...]) -> None:
        if not file.end(ImportState.FILED, change=change, passed_over=passed_over):
            raise Overtaken
        reached("filing")

    actor, told_by = _actor(file), _told_by(file)
    if file.format == OPENAPI:
        url = file.options["url"]
        document = DocumentAsked(
            **told_by, url=url, options=options_of(file.options, file.gateway, url=url)
        )
        propose_document(document, actor=actor, progress=progress, then=filed)
    else:
        asked = FileAsked(**told_by, format=Format(file.format))
        propose_file(asked, actor=actor, progress=progress, then=filed)


def _told_by(file: ImportFile) -> dict[str, Any]:
    """Return what every file is asked for with."""
    return {
        "gateway": file.gateway,
        "source": sealing.unseal(file.sealed or b"").encode(),
        "reason": file.reason,
        "title": file.title,
        "delete_missing": file.delete_missing,
        "idempotency_key": file.idempotency_key,
        "conversation": file.conversation,
        "terms": Terms(
            deliver_after=file.deliver_after, expires_after=file.expires_after
        ),
    }


def _actor(file: ImportFile) -> Actor:
    """Return who gave the file; `propose_file` asks again what they may."""
    if file.token is not None and not file.token.is_usable(timezone.now()):
        raise NotAllowed(
            gettext("The token that sent the file is no longer valid. Send it anew.")
        )
    return Actor(
        person=file.author,
        channel=Channel.IMPORT,
        # Where a program sends files.
        door=Channel.API,
        client=file.client,
        token=file.token,
    )
