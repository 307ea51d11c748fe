"""The requests of a delivery, recorded before they go out and after they came back."""

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from gateway.client import POOL_SIZE, AdminClient, Answer
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
from portal.changes.models import Attempt, Item, Outcome, Position, Step, StepKind
from portal.changes.verify import position

Document = dict[str, Any]

# As many at once as there are connections.
BATCH = POOL_SIZE

OUTCOMES: tuple[tuple[type[GatewayError], Outcome], ...] = (
    (Unreachable, Outcome.UNREACHABLE),
    (KeyRefused, Outcome.REFUSED),
    (Busy, Outcome.BUSY),
    (UnknownOutcome, Outcome.UNKNOWN),
    (Invalid, Outcome.INVALID),
    (StillReferenced, Outcome.INVALID),
    (NotFound, Outcome.INVALID),
)


Result = Answer | Document | GatewayError | None


@dataclass
class Requests:
    """Sends the requests of one attempt to the gateway, each as a recorded step.

    Those of one batch go out at once, over as many connections; what they store in the
    database is stored together, before they go out and after all came back.
    """

    client: AdminClient
    attempt: Attempt
    lease: Lease
    schemas: Schemas
    threads: Executor
    # When the last write went out, on the monotonic clock.
    written_at: float = 0.0

    def look(
        self,
        items: Sequence[Item],
        kind: StepKind = StepKind.READ,
        *,
        first: Position = Position.WANTED,
    ) -> dict[int, Position]:
        """Read the items' resources and say where each stands, as {item's pk: position}.

        At most BATCH items. `first` is what it is where it looks like both. Raises
        GatewayError, LeaseLost.
        """
        self.lease.keep()
        sent = self._begin([_Sent(item, kind, "GET") for item in items])
        self._at_once(sent, self._get)
        for one in sent:
            if isinstance(one.result, NotFound):
                one.result = None
            if not isinstance(one.result, GatewayError):
                one.step.found = self._position(one, first)
        self._end(sent)
        for one in sent:
            if isinstance(one.result, GatewayError):
                raise one.result
        return {one.item.pk: Position(one.step.found) for one in sent}

    def write(
        self, documents: Sequence[tuple[Item, Document | None]], kind: StepKind
    ) -> dict[int, GatewayError]:
        """Put the documents, or delete a resource where it is None.

        At most BATCH of them. Returns {item's pk: error} of those that went wrong.
        Renews the lease and commits that something may have been written before the
        requests go out. Raises LeaseLost before.
        """
        self.lease.renew(wrote=True)
        sent = self._begin(
            [
                _Sent(item, kind, "DELETE" if document is None else "PUT", document)
                for item, document in documents
            ]
        )
        reached("step_written")
        try:
            self.lease.require_time_for_a_request()
        except LeaseLost as error:
            for one in sent:
                one.step.outcome = Outcome.UNREACHABLE
                one.step.words = f"Not sent. {error}"
            _save(sent)
            raise
        reached("sending")
        self.written_at = time.monotonic()
        self._at_once(sent, self._put_or_delete)
        reached("answered")
        self._end(sent)
        reached("step_finished")
        return {
            one.item.pk: one.result
            for one in sent
            if isinstance(one.result, GatewayError)
        }

    def _get(self, one: "_Sent") -> Result:
        return self.client.get(one.item.kind, one.item.resource_id).document

    def _put_or_delete(self, one: "_Sent") -> Result:
        if one.document is None:
            return self.client.delete(one.item.kind, one.item.resource_id)
        body = {k: v for k, v in one.document.items() if k not in SERVER_MANAGED}
        return self.client.put(one.item.kind, one.item.resource_id, body)

    def _at_once(
        self, sent: "Sequence[_Sent]", request: Callable[["_Sent"], Result]
    ) -> None:
        """Send a batch, each request from a thread of its own; these touch no database."""

        def run(one: _Sent) -> None:
            started = time.monotonic()
            try:
                one.result = request(one)
            except GatewayError as error:
                one.result = error
            one.step.duration_ms = round((time.monotonic() - started) * 1000)

        if len(sent) == 1:
            run(sent[0])
            return
        # A list, so that what a thread raises is raised here.
        list(self.threads.map(run, sent))

    def _begin(self, sent: "list[_Sent]") -> "list[_Sent]":
        for one in sent:
            kind, resource_id = KINDS[one.item.kind], one.item.resource_id
            one.step = Step(
                attempt=self.attempt,
                item=one.item,
                kind=one.kind,
                method=one.method,
                path=f"/apisix/admin{kind.url_path(resource_id)}",
                sent=self._shown(one.item, one.document) if one.document else None,
            )
        Step.objects.bulk_create(one.step for one in sent)
        return sent

    def _position(self, one: "_Sent", first: Position) -> Position:
        return position(
            one.item.kind,
            one.result if isinstance(one.result, dict) else None,
            base=one.item.whole_base(),
            wanted=one.item.whole_wanted(),
            schemas=self.schemas,
            first=first,
        )

    def _end(self, sent: "Sequence[_Sent]") -> None:
        for one in sent:
            step, result = one.step, one.result
            if isinstance(result, GatewayError):
                step.status = result.status
                step.outcome = next(
                    (o for of, o in OUTCOMES if isinstance(result, of)), Outcome.UNKNOWN
                )
                step.words = self.words_of([one.item], result)
            elif isinstance(result, Answer):
                step.status, step.outcome = result.status, Outcome.ACCEPTED
                body = result.body if isinstance(result.body, dict) else {}
                if isinstance(body.get("value"), dict):
                    # Redacted, although the gateway answers secrets encrypted.
                    step.received = self._shown(one.item, body["value"])
            elif result is None:
                step.status, step.outcome = 404, Outcome.ACCEPTED
                step.words = "It is not there."
            else:
                step.status, step.outcome = 200, Outcome.ACCEPTED
                step.received = self._shown(one.item, result)
        _save(sent)

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


@dataclass
class _Sent:
    """One request of a batch: what goes out, and what came back."""

    item: Item
    kind: StepKind
    method: str
    document: Document | None = None
    step: Step = field(default_factory=Step)
    result: Result = None


@transaction.atomic
def _save(sent: Sequence[_Sent]) -> None:
    for one in sent:
        one.step.save(
            update_fields=[
                "status",
                "received",
                "outcome",
                "words",
                "found",
                "duration_ms",
            ]
        )
