"""One request of a delivery, recorded before it goes out and after it came back."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gateway.client import AdminClient
from gateway.documents import SERVER_MANAGED
from gateway.errors import (
    Busy,
    GatewayError,
    Invalid,
    KeyRefused,
    NotFound,
    StillReferenced,
    UnknownOutcome,
    Unreachable,
)
from gateway.fingerprint import fingerprint_key
from gateway.kinds import KINDS
from gateway.redaction import redact, scrub
from gateway.schemas import Schemas
from gateway.secret_fields import secrets_in
from portal.changes.checkpoints import reached
from portal.changes.lease import Lease, LeaseLost
from portal.changes.models import Attempt, Item, Outcome, Step, StepKind

Document = dict[str, Any]

OUTCOMES: tuple[tuple[type[GatewayError], Outcome], ...] = (
    (Unreachable, Outcome.UNREACHABLE),
    (KeyRefused, Outcome.REFUSED),
    (Busy, Outcome.BUSY),
    (UnknownOutcome, Outcome.UNKNOWN),
    (Invalid, Outcome.INVALID),
    (StillReferenced, Outcome.INVALID),
    (NotFound, Outcome.INVALID),
)


@dataclass
class Requests:
    """Sends the requests of one attempt to the gateway, each as a recorded step."""

    client: AdminClient
    attempt: Attempt
    lease: Lease
    schemas: Schemas
    # When the last write went out, on the monotonic clock.
    written_at: float = 0.0

    def read(self, item: Item, kind: StepKind = StepKind.READ) -> Document | None:
        """Return the live document of the item's resource, None when it is not there.

        Raises GatewayError, LeaseLost.
        """
        self.lease.keep()
        step = self._begin(item, kind, "GET", None)
        started = time.monotonic()
        try:
            entry = self.client.get(item.kind, item.resource_id)
        except NotFound:
            self._end(
                step, started, Outcome.ACCEPTED, status=404, words="It is not there."
            )
            return None
        except GatewayError as error:
            self._fail(step, started, item, error)
            raise
        self._end(
            step,
            started,
            Outcome.ACCEPTED,
            status=200,
            received=self._shown(item, entry.document),
        )
        return entry.document

    def write(self, item: Item, document: Document | None, kind: StepKind) -> None:
        """Put the document, or delete the resource when it is None.

        Renews the lease and commits that something may have been written before the
        request goes out. Raises LeaseLost before, GatewayError after.
        """
        self.lease.renew(wrote=True)
        step = self._begin(
            item, kind, "PUT" if document is not None else "DELETE", document
        )
        reached("step_written")
        started = time.monotonic()
        try:
            self.lease.require_time_for_a_request()
        except LeaseLost as error:
            self._end(step, started, Outcome.UNREACHABLE, words=f"Not sent. {error}")
            raise
        reached("sending")
        self.written_at = time.monotonic()
        try:
            if document is None:
                answer = self.client.delete(item.kind, item.resource_id)
            else:
                body = {k: v for k, v in document.items() if k not in SERVER_MANAGED}
                answer = self.client.put(item.kind, item.resource_id, body)
        except GatewayError as error:
            self._fail(step, started, item, error)
            raise
        reached("answered")
        value = answer.body.get("value") if isinstance(answer.body, dict) else None
        self._end(
            step,
            started,
            Outcome.ACCEPTED,
            status=answer.status,
            # The answer to a write holds secrets encrypted by the gateway: show none.
            received=self._shown(item, value) if isinstance(value, dict) else None,
        )
        reached("step_finished")

    def _begin(
        self, item: Item, kind: StepKind, method: str, sent: Document | None
    ) -> Step:
        return Step.objects.create(
            attempt=self.attempt,
            item=item,
            kind=kind,
            method=method,
            path=f"/apisix/admin{KINDS[item.kind].url_path(item.resource_id)}",
            sent=self._shown(item, sent) if sent is not None else None,
        )

    def _end(
        self,
        step: Step,
        started: float,
        outcome: Outcome,
        *,
        status: int | None = None,
        received: Document | None = None,
        words: str = "",
    ) -> None:
        step.status, step.received, step.outcome, step.words = (
            status,
            received,
            outcome,
            words,
        )
        step.duration_ms = round((time.monotonic() - started) * 1000)
        step.save(
            update_fields=["status", "received", "outcome", "words", "duration_ms"]
        )

    def _fail(
        self, step: Step, started: float, item: Item, error: GatewayError
    ) -> None:
        outcome = next(
            (o for kind, o in OUTCOMES if isinstance(error, kind)), Outcome.UNKNOWN
        )
        self._end(
            step,
            started,
            outcome,
            status=error.status,
            words=self.words_of([item], error),
        )

    def words_of(self, items: Iterable[Item], error: GatewayError) -> str:
        """Return the gateway's words with every secret of these items redacted."""
        secrets: set[str] = set()
        for item in items:
            for document in (item.whole_base(), item.whole_wanted()):
                if document is not None:
                    secrets |= secrets_in(
                        item.kind, document, encrypt_fields=self.schemas.encrypt_fields
                    )
        return scrub(str(error), secrets, key=fingerprint_key())

    def _shown(self, item: Item, document: Document) -> Document:
        return redact(
            item.kind,
            document,
            key=fingerprint_key(),
            encrypt_fields=self.schemas.encrypt_fields,
        )
