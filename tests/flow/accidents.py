"""Deliveries by real workers, each of which meets with an accident at a checkpoint.

Waiting for a lease to run out takes seconds, whatever the machine; so many deliveries,
each on a gateway of its own, meet theirs side by side, and every test then looks at
what became of one.
"""

import os
import signal
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from celery import current_app

from gateway.fingerprint import fingerprint_key
from gateway.models import Catalogue
from portal.audit.ledger import problems
from portal.audit.models import AuditEvent
from portal.changes.asked import ItemAsked
from portal.changes.deliver import deliver
from portal.changes.expiry import end_early
from portal.changes.models import ChangeRequest, Delivery
from portal.changes.outbox import DELIVER_ONE
from portal.changes.terms import Terms
from tests.actors import present
from tests.changes.conftest import Desk
from tests.changes.delivering import creates, delivery_of, route, upstream
from tests.factories import Cast, make_cast, make_gateway
from tests.flow.worker import Worker, Workers
from tests.sandbox import SandboxGateway
from tests.servers.valkey import ValkeyServer
from tests.waiting import LONG, eventually

# These are of one route.
ALONE = ("one", "brief", "back")
ENDED = ("verified", "conflicted", "failed")
# After that a worker that gave up may take its own delivery again.
AGAIN = 5.0
FOR_AN_HOUR = Terms(expires_after=timedelta(hours=1))


@dataclass(frozen=True)
class Accident:
    """What happens to the worker of one delivery, and where.

    `how` is "kill" (all its processes), "child" (only the one that works) or "freeze"
    (all, until somebody else has finished). `change` is "one" route, "both" of two routes
    that go out at once, "two": a service and after it a route that uses it, or "refused":
    the same, and the gateway refuses the route. "brief" is one route for an hour, "back"
    what takes such a one back.
    """

    how: str
    at: str
    change: str = "one"

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return f"{self.how}-{self.change}-{self.at}".replace("_", "-").replace(":", "-")

    @property
    def resources(self) -> list[tuple[str, str]]:
        """Kind and id of what is written, in order."""
        if self.change in ALONE:
            return [("route", self.name)]
        first = "route" if self.change == "both" else "service"
        return [(first, f"{self.name}.1"), ("route", f"{self.name}.2")]

    @property
    def items(self) -> list[ItemAsked]:
        """What is asked for."""
        if self.change in (*ALONE, "both"):
            return [route(name) for _, name in self.resources]
        (_, service), (_, name) = self.resources
        fields = {"upstream_id": self.gone} if self.change == "refused" else {}
        return [
            creates("service", service, upstream=upstream()),
            creates("route", name, uri=f"/{name}", service_id=service, **fields),
        ]

    @property
    def puts(self) -> list[str]:
        """Each write made once, as `Aftermath.writes` has them."""
        return [f"PUT {name}" for _, name in self.resources]

    @property
    def gone(self) -> str:
        """The upstream that is there when the change is planned, and not any more."""
        return f"{self.name}.u"


@dataclass(frozen=True)
class Aftermath:
    """What became of it, in plain values."""

    state: str
    delivery: str
    words: str
    live: dict[str, Any]
    writes: list[str]
    bodies: dict[str, set[str]]
    attempts: int
    events: list[str]
    inverses: list[tuple[str, str]]
    woken_wrote: list[str]


class Town:
    """One sandbox behind many gateways, with workers on a real database and broker."""

    def __init__(
        self, sandbox: SandboxGateway, broker: ValkeyServer, workers: Workers
    ) -> None:
        self.sandbox = sandbox
        self.broker = broker
        self.workers = workers
        # This process may remember the key of a database that is empty by now.
        fingerprint_key.cache_clear()
        self.people: Cast = make_cast()
        broker.start()
        broker.empty()
        sandbox.start()
        sandbox.reset()

    def desk(self, slug: str) -> Desk:
        """A gateway of its own, whose schemas are known already."""
        gateway = make_gateway(
            slug,
            admin_url=self.sandbox.admin_url,
            admin_key=self.sandbox.key,
            version="",
        )
        known = Catalogue.objects.first()
        if known is not None:
            known.pk, known.gateway = None, gateway
            known.save(force_insert=True)
        return Desk(gateway, self.sandbox, self.people)

    def approved(self, slug: str, *items: ItemAsked, **fields: Any) -> ChangeRequest:
        """A change on a gateway of its own that waits for its delivery."""
        desk = self.desk(slug)
        change = desk.ask(*items, **fields)
        desk.approve(change)
        return change

    def taken_back(self, slug: str, *items: ItemAsked) -> ChangeRequest:
        """What an operator lets go to take a live change back before its time."""
        change = self.approved(slug, *items, terms=FOR_AN_HOUR)
        deliver(delivery_of(change).pk)
        inverse = change.reverted_by.get()
        end_early(inverse, actor=present(self.people.omar))
        return inverse

    def hint(self, change: ChangeRequest, queue: str = "celery") -> None:
        """Tell the workers of a queue that the change's delivery may be due."""
        self.send(DELIVER_ONE, delivery_of(change).pk, queue)

    def send(self, task: str, row_id: int, queue: str = "celery") -> None:
        """Tell the workers of a queue that a row may be due."""
        current_app.send_task(task, args=[row_id], queue=queue, ignore_result=True)

    def lose_messages(self) -> None:
        """Lose every hint that no worker has taken yet."""
        with self.broker.client() as client:
            client.delete("celery")

    def has_ended(self, *changes: ChangeRequest) -> bool:
        """Whether the deliveries of all of them have."""
        mine = Delivery.objects.filter(revision__change__in=changes)
        return mine.count() == len(changes) == mine.filter(state__in=ENDED).count()

    def wait_for(self, *changes: ChangeRequest) -> None:
        """Wait until their deliveries have ended."""
        # A worker that lost the broker comes back to it in ever longer steps.
        eventually(
            lambda: self.has_ended(*changes),
            "all deliveries have ended",
            within=3 * LONG,
        )
        for change in changes:
            change.refresh_from_db()

    def writes(self, *resources: tuple[str, str]) -> list[dict[str, Any]]:
        """The write requests on these, in order."""
        paths = {f"/apisix/admin/{kind}s/{name}" for kind, name in resources}
        return [r for r in self.sandbox.requests("write") if r["path"] in paths]

    def wait_until_idle(self) -> None:
        """Wait until no worker holds or awaits a message: all have said their last."""

        def is_idle() -> bool:
            with self.broker.client() as client:
                waiting = [k for k in client.keys("*") if client.type(k) == b"list"]
                return not waiting and not client.hlen("unacked")

        eventually(is_idle, "no worker has anything to do")


def happen(town: Town, *accidents: Accident) -> dict[Accident, Aftermath]:
    """Let all of them happen, let other workers finish, and tell what became of each."""
    changes = {one: _approved(town, one) for one in accidents}
    victims = {one: town.workers.start(one.name, stop_at=one.at) for one in accidents}
    town.workers.ready(*victims.values())
    for one, victim in victims.items():
        _meet(town, one, changes[one], victim)
    # Whoever finishes learns of it by the sweep alone.
    town.lose_messages()
    town.workers.start("rescuer", processes=2)
    scheduler = town.workers.start_scheduler()
    town.wait_for(*changes.values())

    scheduler.kill()
    before = len(town.sandbox.requests("write"))
    frozen = [victims[one] for one in accidents if one.how == "freeze"]
    for victim in frozen:
        victim.release()
        victim.thaw()
    if frozen:
        town.wait_until_idle()
    woken = town.sandbox.requests("write")[before:]
    assert list(problems()) == []
    return {one: _aftermath(town, one, changes[one], woken) for one in accidents}


def _approved(town: Town, accident: Accident) -> ChangeRequest:
    town.sandbox.put("upstream", accident.gone, upstream())
    if accident.change == "back":
        return town.taken_back(accident.name, *accident.items)
    terms = FOR_AN_HOUR if accident.change == "brief" else Terms()
    change = town.approved(accident.name, *accident.items, terms=terms)
    town.sandbox.delete("upstream", accident.gone)
    return change


def _meet(
    town: Town, accident: Accident, change: ChangeRequest, victim: Worker
) -> None:
    """Wait until the worker is where its accident happens, and let it happen."""

    def is_there() -> int:
        town.hint(change, accident.name)
        try:
            return victim.wait_at_checkpoint(within=AGAIN)
        except AssertionError:
            return 0  # the machine stalled: it gave up, and may try again by now

    pid = eventually(is_there, f"{accident.name} happens, see {victim.log}")
    if accident.how == "kill":
        victim.kill()
    elif accident.how == "child":
        os.kill(pid, signal.SIGKILL)
    else:
        victim.freeze()


def _aftermath(
    town: Town, accident: Accident, change: ChangeRequest, woken: list[dict[str, Any]]
) -> Aftermath:
    delivery = Delivery.objects.get(revision__change=change)
    writes = town.writes(*accident.resources)
    bodies: dict[str, set[str]] = {}
    for write in writes:
        bodies.setdefault(_short(write), set()).add(write["body_digest"])
    events = AuditEvent.objects.filter(
        subject_type="change", subject_id=str(change.pk)
    ).order_by("number")
    return Aftermath(
        state=change.state,
        delivery=delivery.state,
        words=delivery.outcome,
        live={name: town.sandbox.get(kind, name) for kind, name in accident.resources},
        writes=[_short(write) for write in writes],
        bodies=bodies,
        attempts=delivery.attempts.count(),
        events=[event.event for event in events],
        inverses=list(
            Delivery.objects.filter(revision__inverse_of__change=change).values_list(
                "revision__change__state", "state"
            )
        ),
        woken_wrote=[
            _short(write) for write in woken if _short(write) in accident.puts
        ],
    )


def _short(request: dict[str, Any]) -> str:
    return f"{request['method']} {request['path'].rpartition('/')[2]}"
