"""Say what a resource that is not as it was approved means for the record of it.

One transaction's work: every judgement of a drift that stands changes its row at once.
New ones, which may be thousands, are written together with what to tell the ledger.
"""

from collections.abc import Iterable
from typing import Any

from django.db.models import Q
from django.utils import timezone

from gateway.models import Gateway, Resource
from gateway.readable import alike
from gateway.rows import row_of
from gateway.schemas import Schemas
from gateway.sentences import sentence
from gateway.sighting import BATCH
from portal.accounts.actor import Actor
from portal.accounts.gateways import OneGateway
from portal.audit.events import Event
from portal.audit.ledger import Entry, record
from portal.changes.states import State
from portal.drift.models import Drift, DriftRule, DriftState, What
from portal.drift.owner import owner_of
from portal.drift.rules import fitting, passed_over

Document = dict[str, Any]

TOLD_CHANGES, TOLD_LENGTH = 20, 300


class Judge:
    """Judges resources of one gateway; the caller holds its lock."""

    def __init__(self, gateway: Gateway, schemas: Schemas) -> None:
        self.gateway, self.schemas = gateway, schemas
        self.now = timezone.now()
        self._rules = list(
            DriftRule.objects.filter(Q(gateway=None) | Q(gateway=gateway))
        )
        self.entries: list[Entry] = []
        self._opened: list[Drift] = []

    def judge(
        self,
        drift: Drift | None,
        baseline: Resource | None,
        live: Resource | None,
        *,
        is_outside: bool = True,
        is_different: bool = False,
    ) -> None:
        """Compare, and make, change or close the record.

        `drift` is the one that stands. `is_outside`: somebody else's write is the
        reason for looking, not one of ours. `is_different`: the caller has compared.
        """
        if not is_different and self._is_alike(baseline, live):
            if drift:
                self._close(drift)
            return
        rules = self._fitting(baseline, live)
        whole = next((rule for rule in rules if not rule.field), None)
        parts = [rule for rule in rules if rule.field]
        counted = self._without(parts, baseline, live)
        if whole or (parts and self._is_alike(counted, live)):
            if drift:
                _hold(drift, baseline, live, self.now)
                self._pass_over(drift, whole or parts[0])
        elif drift is None:
            self._open(counted, live)
        else:
            _hold(drift, counted, live, self.now)
            self._keep(drift, is_outside=is_outside)

    def row(
        self, kind: str, resource_id: str, document: Document | None
    ) -> Resource | None:
        """Return a document as the mirror would keep it."""
        if document is None:
            return None
        return row_of(
            self.gateway,
            kind,
            resource_id,
            document,
            schemas=self.schemas,
            seen=self.now,
        )

    def is_same(self, kind: str, a: Document | None, b: Document | None) -> bool:
        """Say whether two documents are the same as far as the gateway can show."""
        schemas = self.schemas
        return alike(kind, a, b, version=schemas.version, schemas=schemas)

    def record(self, actor: Actor) -> None:
        """Write new drifts and tell the ledger, as the transaction's last statements."""
        Drift.objects.bulk_create(self._opened, batch_size=BATCH)
        if self.entries:
            record(*self.entries, actor=actor, subject=OneGateway(self.gateway))

    def _is_alike(self, a: Resource | None, b: Resource | None) -> bool:
        if a is None or b is None:
            return a is b
        return a.digest == b.digest or self.is_same(a.kind, a.whole(), b.whole())

    def _fitting(
        self, baseline: Resource | None, live: Resource | None
    ) -> list[DriftRule]:
        # A label put on from outside must not hide what came with it.
        known = baseline or live
        if known is None:
            return []
        return fitting(self._rules, known.kind, known.resource_id, known.document)

    def _without(
        self,
        rules: Iterable[DriftRule],
        baseline: Resource | None,
        live: Resource | None,
    ) -> Resource | None:
        """Return the baseline with what the rules pass over as it is live."""
        fields = [rule.field for rule in rules]
        if not fields or baseline is None or live is None:
            return baseline
        document = passed_over(baseline.whole(), live.whole(), fields)
        return self.row(baseline.kind, baseline.resource_id, document)

    def _open(self, baseline: Resource | None, live: Resource | None) -> None:
        known = live or baseline
        if known is None:
            return
        drift = Drift(
            gateway=self.gateway,
            kind=known.kind,
            resource_id=known.resource_id,
            first_seen=self.now,
        )
        _hold(drift, baseline, live, self.now)
        self._opened.append(drift)
        self._tell(Event.DRIFT_FOUND, drift)

    def _keep(self, drift: Drift, *, is_outside: bool) -> None:
        if is_outside:
            # Whoever chose to ignore it has not seen this.
            drift.state = DriftState.OPEN
            drift.resolved_at = drift.resolved_by = drift.rule = None
            drift.reason = ""
            self._tell(Event.DRIFT_MOVED, drift)
        drift.save()

    def _pass_over(self, drift: Drift, rule: DriftRule) -> None:
        if drift.state == DriftState.OPEN:
            drift.state, drift.rule = DriftState.IGNORED, rule
            drift.resolved_at, drift.reason = self.now, rule.reason
            self._tell(Event.DRIFT_IGNORED, drift, rule=str(rule))
        drift.save()

    def _close(self, drift: Drift) -> None:
        """The resource is as it was approved: by the change that asked so, or anyhow."""
        is_reverted = drift.change is not None and drift.change.state == State.APPLIED
        drift.state = DriftState.REVERTED if is_reverted else DriftState.GONE
        drift.resolved_at = drift.last_seen = self.now
        drift.save()
        if is_reverted:
            self._tell(Event.DRIFT_REVERTED, drift, change=drift.change_id)
        else:
            self._tell(Event.DRIFT_GONE, drift)

    def _tell(self, event: Event, drift: Drift, **more: Any) -> None:
        details = {"what": drift.what, "changes": words_of(drift), **more}
        self.entries.append(Entry(event, details, subject=drift))


def words_of(drift: Drift) -> list[str]:
    """Say in words what is not as it was approved, secrets redacted."""
    if drift.what != What.ALTERED:
        action = "create" if drift.what == What.CREATED else "delete"
        words = [
            sentence(action, drift.kind, drift.resource_id, drift.baseline, drift.live)
        ]
    else:
        words = [one.describe() for one in drift.differences]
    told = [
        text if len(text) <= TOLD_LENGTH else f"{text[:TOLD_LENGTH]}…"
        for text in words[:TOLD_CHANGES]
    ]
    more = len(words) - TOLD_CHANGES
    return [*told, f"and {more} more"] if more > 0 else told


def _hold(
    drift: Drift, baseline: Resource | None, live: Resource | None, now: Any
) -> None:
    """Write both documents into the record; does not save."""
    live_digest = live.digest if live else ""
    if drift.pk is None or drift.live_digest != live_digest:
        drift.last_seen = now
    drift.what = (
        What.CREATED
        if baseline is None
        else What.DELETED
        if live is None
        else What.ALTERED
    )
    drift.baseline = baseline.document if baseline else None
    drift.baseline_sealed = baseline.sealed if baseline else None
    drift.baseline_digest = baseline.digest if baseline else ""
    drift.live = live.document if live else None
    drift.live_sealed = live.sealed if live else None
    drift.live_digest = live_digest
    drift.owner = owner_of(drift.baseline) or owner_of(drift.live)


def baseline_of(drift: Drift) -> Resource | None:
    """Return a drift's baseline as an unsaved row of the mirror."""
    return _row_of(drift, drift.baseline, drift.baseline_sealed, drift.baseline_digest)


def live_of(drift: Drift) -> Resource | None:
    """Return what was found, as an unsaved row of the mirror."""
    return _row_of(drift, drift.live, drift.live_sealed, drift.live_digest)


def _row_of(
    drift: Drift,
    document: Document | None,
    sealed: bytes | memoryview | None,
    digest: str,
) -> Resource | None:
    if document is None or sealed is None:
        return None
    return Resource(
        gateway=drift.gateway,
        kind=drift.kind,
        resource_id=drift.resource_id,
        document=document,
        sealed=sealed,
        digest=digest,
    )
