"""Is it alive, is it ready, how much is there to do: for load balancers and Prometheus."""

import hmac
import ipaddress
from collections.abc import Callable, Iterable, Iterator

import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count, Max
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from kombu import Connection
from kombu.exceptions import OperationalError as BrokerError
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from redis.exceptions import RedisError

from gateway.models import Gateway
from portal.audit import triggers
from portal.audit.models import AuditEvent, LedgerCheck
from portal.audit.syslog.stream import lag
from portal.changes.models import ChangeRequest, Delivery
from portal.changes.states import State
from portal.drift.models import Drift

BROKER_SECONDS = 2
# Headers that a proxy adds: whoever comes through one is not on this machine.
FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via")

log = structlog.get_logger(__name__)


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is asked."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Everything that a request needs is there: 200, else 503 naming what is not."""
    checks = {name: check() for name, check in CHECKS.items()}
    ready = all(word == "ok" for word in checks.values())
    told = {"ready": ready, "checks": checks}
    # No request needs it: a receiver that is away must not take the desk away.
    if stream := _stream():
        told["audit_stream"] = stream
    return JsonResponse(told, status=200 if ready else 503)


def _stream() -> str:
    """Say how far the ledger's stream is behind; "" where there is none."""
    try:
        told = lag()
    except DatabaseError:
        return "cannot be read"
    return told.words if told else ""


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        log.warning("not ready: database", exc_info=error)
        return "does not answer"
    return "ok"


def _migrations() -> str:
    try:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return "cannot be read"
    return f"{len(plan)} to run" if plan else "ok"


def _triggers() -> str:
    try:
        missing = triggers.missing(connection)
    except DatabaseError:
        return "cannot be read"
    return f"missing: {', '.join(missing)}" if missing else "ok"


def _chain() -> str:
    """Say what was found when somebody last looked; to look takes too long here."""
    try:
        found = LedgerCheck.objects.filter(pk=1).first()
    except DatabaseError:
        return "cannot be read"
    return f"broken: {found.trouble}" if found and found.is_broken else "ok"


def _broker() -> str:
    options = dict(getattr(settings, "CELERY_BROKER_TRANSPORT_OPTIONS", {}))
    options |= {
        "socket_timeout": BROKER_SECONDS,
        "socket_connect_timeout": BROKER_SECONDS,
        "max_retries": 0,
    }
    try:
        with Connection(
            settings.CELERY_BROKER_URL,
            connect_timeout=BROKER_SECONDS,
            transport_options=options,
        ) as broker:
            broker.ensure_connection(max_retries=1, timeout=BROKER_SECONDS)
            # For the Redis protocol this is the first byte on the wire.
            channel = broker.default_channel
            if client := getattr(channel, "client", None):
                client.ping()
    except (BrokerError, RedisError, OSError) as error:
        log.warning("not ready: broker", error=type(error).__name__)
        return "does not answer"
    return "ok"


CHECKS: dict[str, Callable[[], str]] = {
    "database": _database,
    "migrations": _migrations,
    "audit_triggers": _triggers,
    "audit_chain": _chain,
    "broker": _broker,
}


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus figures, read from the database: for METRICS_TOKEN, or this machine."""
    if not _may_scrape(request):
        response = HttpResponse(
            "Send METRICS_TOKEN as Authorization: Bearer.\n",
            status=401,
            content_type="text/plain",
        )
        response["WWW-Authenticate"] = 'Bearer realm="metrics"'
        return response
    registry = CollectorRegistry()
    registry.register(Desk())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _may_scrape(request: HttpRequest) -> bool:
    """With a METRICS_TOKEN only it counts; without, only a direct local connection."""
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "")
        return hmac.compare_digest(
            given.encode("utf-8", "replace"),
            f"Bearer {settings.METRICS_TOKEN}".encode(),
        )
    if any(header in request.headers for header in FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


class Desk(Collector):
    """What waits, what moves and whether gateways are well. Eight queries a scrape."""

    def describe(self) -> Iterable[GaugeMetricFamily]:
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        now = timezone.now()
        by_state = dict(
            ChangeRequest.objects.values_list("state")
            .order_by("state")
            .annotate(n=Count("pk"))
        )
        changes = GaugeMetricFamily(
            "gatehouse_changes", "Changes by state.", labels=["state"]
        )
        for state in State.values:
            changes.add_metric([state], by_state.get(state, 0))
        yield changes

        unfinished = Delivery.objects.unfinished()
        yield GaugeMetricFamily(
            "gatehouse_deliveries_unfinished",
            "Deliveries waiting or being written.",
            value=unfinished.count(),
        )
        oldest = (
            unfinished.order_by("queued_at").values_list("queued_at", flat=True).first()
        )
        yield GaugeMetricFamily(
            "gatehouse_delivery_oldest_seconds",
            "Age of the oldest unfinished delivery.",
            value=(now - oldest).total_seconds() if oldest else 0,
        )
        yield GaugeMetricFamily(
            "gatehouse_audit_events",
            "Number of the ledger's last event.",
            value=AuditEvent.objects.aggregate(last=Max("number"))["last"] or 0,
        )
        found = LedgerCheck.objects.filter(pk=1).first() or LedgerCheck()
        yield GaugeMetricFamily(
            "gatehouse_audit_proved",
            "Number of the last event that was proved.",
            value=found.number,
        )
        yield GaugeMetricFamily(
            "gatehouse_audit_broken",
            "Whether the ledger was found broken.",
            value=float(found.is_broken),
        )
        if told := lag():
            yield GaugeMetricFamily(
                "gatehouse_audit_stream_behind",
                "Events that the syslog receiver has not taken.",
                value=told.behind,
            )
        well = GaugeMetricFamily(
            "gatehouse_gateway_well",
            "Whether the Admin API answered when last asked.",
            labels=["gateway"],
        )
        mirror = GaugeMetricFamily(
            "gatehouse_mirror_age_seconds",
            "Time since the gateway was last read as a whole.",
            labels=["gateway"],
        )
        drift = GaugeMetricFamily(
            "gatehouse_drift_open",
            "Resources that are not as they were approved.",
            labels=["gateway"],
        )
        gateways = list(Gateway.objects.in_service())
        drifts = Drift.objects.open().by_gateway(gateways)
        for gateway in gateways:
            drift.add_metric([gateway.slug], drifts.get(gateway.pk, 0))
            well.add_metric([gateway.slug], float(gateway.is_well))
            if gateway.mirrored_at:
                age = (now - gateway.mirrored_at).total_seconds()
                mirror.add_metric([gateway.slug], age)
        yield well
        yield mirror
        yield drift
