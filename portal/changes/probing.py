"""Send a delivered change's probe and say whether the gateway answers as expected.

A task of its own, after the nodes have been looked at: a slow gateway holds up no other
delivery. A few tries, since what is stored takes a moment to carry traffic.
"""

import time
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from gateway.models import Gateway
from gateway.trust import NoCertificates, trusting
from portal.accounts.actor import Actor
from portal.audit.events import Event
from portal.audit.ledger import Entry, record
from portal.changes.checkpoints import reached
from portal.changes.inverse import TAKEN_BACK_BY
from portal.changes.models import (
    ChangeRequest,
    Delivery,
    NodeSighting,
    ProbeRun,
    ProbeState,
)
from portal.changes.probe import Probe
from portal.changes.states import State
from portal.changes.take_back import take_back
from portal.outbound import Fetched, OutboundError, Reach, fetch

TRIES = 3
# So many workers may die over it: that says nothing of the gateway.
DEATHS = 3
# Seconds.
TRY_DEADLINE = 5.0
PAUSE = 1.0
# So long after its deadline a try that nobody wrote down is its worker's death.
GRACE = 5.0


def expect(delivery: Delivery) -> bool:
    """Note that there is a probe to send, within the transaction that ends the delivery."""
    if delivery.revision.probe is None:
        return False
    ProbeRun.objects.create(delivery=delivery)
    return True


def send_probe(delivery_id: int, *, worker: str = "worker") -> None:
    """Send the delivery's probe once, if it is due; after the last try it has failed.

    Then the change is taken back, if that was approved with it. Harmless to call twice
    or too early: a try is claimed before it goes out.
    """
    if NodeSighting.objects.waiting().filter(delivery=delivery_id).exists():
        return
    now = timezone.now()
    busy_until = now + timedelta(seconds=TRY_DEADLINE + GRACE)
    due = ProbeRun.objects.due(now).filter(delivery=delivery_id)
    if not due.update(not_before=busy_until, begun=F("begun") + 1):
        return
    run = ProbeRun.objects.select_related(
        "delivery__gateway", "delivery__revision"
    ).get(delivery=delivery_id)
    probe = run.delivery.revision.terms.probe
    was_sent = probe is not None and run.begun <= TRIES + DEATHS
    if probe is not None and was_sent:
        made = _try(run.delivery.gateway, probe)
    else:
        made = _told("The worker stopped answering.")
    reached("probed")
    _write(run, made, Actor.system(worker), was_sent=was_sent)


def _try(gateway: Gateway, probe: Probe) -> dict[str, Any]:
    """Send it once; `words` are empty when the answer is as expected."""
    started = time.monotonic()
    try:
        answer = _fetched(gateway, probe)
    except (OutboundError, NoCertificates) as error:
        return _told(str(error), started=started)
    return _told(_wrong(answer, probe), started=started, status=answer.status)


def _fetched(gateway: Gateway, probe: Probe) -> Fetched:
    public = gateway.public_url.rstrip("/")
    url, headers = public, dict(probe.headers)
    if probe.host:
        # Asked for by this name, its certificate too, at the public address.
        parts = urlsplit(public)
        port = f":{parts.port}" if parts.port else ""
        url = parts._replace(netloc=f"{probe.host}{port}").geturl()
        headers["Host"] = probe.host
    bundle = gateway.ca_bundle if gateway.verify_tls else ""
    return fetch(
        probe.method,
        url + probe.path,
        reach=Reach.CONFIGURED,
        seconds=TRY_DEADLINE,
        headers=headers,
        at=public,
        # The data plane may well show a public certificate beside a private Admin API.
        context=trusting(bundle, and_system=True) if bundle.strip() else None,
        verify=gateway.verify_tls,
    )


def _wrong(answer: Fetched, probe: Probe) -> str:
    """Say what is not as expected; "" when all is."""
    if answer.status != probe.status:
        return f"It answered {answer.status} instead of {probe.status}."
    if probe.contains and probe.contains.encode() not in answer.content:
        where = "the beginning of its answer" if answer.is_cut else "its answer"
        return f"It answered {answer.status}, but {where} does not hold the text."
    return ""


def _told(
    words: str, *, started: float | None = None, status: int | None = None
) -> dict[str, Any]:
    return {
        "at": timezone.now().isoformat(timespec="milliseconds"),
        "milliseconds": None
        if started is None
        else round((time.monotonic() - started) * 1000),
        "status": status,
        "words": words,
    }


@transaction.atomic
def _write(
    run: ProbeRun, made: dict[str, Any], actor: Actor, *, was_sent: bool
) -> None:
    """Write the try down, and how the probe stands after it.

    What fails and what then takes the change back is one transaction: a worker's death
    leaves both or neither. Nothing is taken back because workers died.
    """
    locked = ProbeRun.objects.select_for_update(no_key=True).get(pk=run.pk)
    if locked.state != ProbeState.WAITING:
        return
    locked.tries = [*locked.tries, made]
    locked.not_before = timezone.now() + timedelta(seconds=PAUSE)
    if not made["words"]:
        locked.state = ProbeState.PASSED
    elif len(locked.tries) >= TRIES or not was_sent:
        locked.state = ProbeState.FAILED
    locked.save(update_fields=["tries", "not_before", "state"])
    if locked.state == ProbeState.WAITING:
        return
    revision = run.delivery.revision
    change = ChangeRequest.objects.locked().get(revisions=revision)
    told = {"tries": len(locked.tries), "words": made["words"]}
    entries = [Entry(Event.PROBE_PASSED, told)]
    if locked.state == ProbeState.FAILED:
        taken = _take_back(run.delivery, change) if was_sent else ({}, [])
        entries = [Entry(Event.PROBE_FAILED, told | taken[0]), *taken[1]]
    record(*entries, actor=actor, subject=change, revision=revision.number)


def _take_back(
    delivery: Delivery, change: ChangeRequest
) -> tuple[dict[str, int], list[Entry]]:
    """Take a live change back, where its reviewers approved that with it.

    Returns what the ledger is told with the failure, and after it.
    """
    probe = delivery.revision.terms.probe
    if probe is None or not probe.take_back or change.state != State.APPLIED:
        return {}, []
    if change.gateway.out_of_service:
        return {}, []
    because = f"The probe of #{change.number} failed."
    inverse, entries = take_back(delivery, change, because=because)
    return ({TAKEN_BACK_BY: inverse.number} if inverse else {}), entries
