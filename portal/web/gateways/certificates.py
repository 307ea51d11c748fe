"""Certificates by expiry: of one gateway, or of all that somebody may see."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_GET

from gateway import facets
from gateway.certificates import (
    Certificate,
    certificates_in,
    covers,
    fitting,
    snis_of,
)
from gateway.models import Facet, Gateway, Resource
from portal.web.gateways.listing import visible_gateway
from portal.web.pages import PersonRequest, page

SOON = timedelta(days=30)
# Who signs for the public signs for 398 days at most: what is longer fills the bar.
BAR_DAYS = 400
SHOWN = 300
HOSTS_AT_MOST, BARE_SHOWN = 5_000, 60


@dataclass(frozen=True)
class ShownCertificate:
    """A certificate of an SSL resource; None where it cannot be read here."""

    gateway: Gateway
    resource_id: str
    snis: Sequence[str]
    certificate: Certificate | None
    now: datetime

    @property
    def days(self) -> int:
        """Whole days until it expires; negative once it has."""
        return (self.certificate.until - self.now).days if self.certificate else 0

    @property
    def bar(self) -> int:
        return min(max(self.days, 0), BAR_DAYS)

    @property
    def tone(self) -> str:
        """`ill` where clients refuse it, `open` where that is soon, `well`, or `draft`."""
        if self.certificate is None:
            return "draft"
        if not self.certificate.since <= self.now < self.certificate.until:
            return "ill"
        return "open" if self.certificate.until - self.now < SOON else "well"

    @property
    def words(self) -> str:
        """Say how it stands."""
        if self.certificate is None:
            return gettext("Kept elsewhere")
        if self.certificate.until <= self.now:
            return gettext("Expired")
        if self.certificate.since > self.now:
            return gettext("Not valid yet")
        return ngettext("%(count)s day left", "%(count)s days left", self.days) % {
            "count": self.days
        }

    @property
    def others(self) -> list[str]:
        """The names that it is for besides those the gateway shows it for."""
        names = self.certificate.names if self.certificate else frozenset()
        return sorted(names.difference(self.snis))


def certificates_of(
    gateways: Iterable[Gateway], now: datetime
) -> list[ShownCertificate]:
    """Return what these gateways hold, soonest expiry first. One query."""
    by_key = {gateway.pk: gateway for gateway in gateways}
    found = []
    rows = Resource.objects.filter(gateway__in=by_key, kind="ssl").order_by()
    for pk, resource_id, document in rows.values_list(
        "gateway", "resource_id", "document"
    ):
        held = document if isinstance(document, dict) else {}
        certificates: list[Certificate | None] = [*certificates_in(held)]
        found += [
            ShownCertificate(by_key[pk], resource_id, snis_of(held), one, now)
            for one in certificates or [None]
        ]
    # What cannot be read stands last: nobody can tell when it expires.
    found.sort(
        key=lambda one: (
            one.certificate is None,
            one.certificate.until if one.certificate else now,
            one.resource_id,
        )
    )
    return found


def expiring(certificates: Iterable[ShownCertificate]) -> list[ShownCertificate]:
    """Keep those that somebody has to see to."""
    return [one for one in certificates if one.tone in ("ill", "open")]


def hosts_here(gateways: Iterable[Gateway]) -> dict[int, list[str]]:
    """Return {primary key of gateway: hosts that its routes and services are for}.

    One query; of very many hosts, the first.
    """
    hosts: dict[int, list[str]] = {}
    rows = (
        Facet.objects.filter(
            gateway__in=list(gateways),
            kind__in=("route", "service"),
            name=facets.HOST,
        )
        .order_by("value")
        .values_list("gateway", "value")
        .distinct()[:HOSTS_AT_MOST]
    )
    for pk, host in rows:
        hosts.setdefault(pk, []).append(host)
    return hosts


@dataclass(frozen=True)
class Covered:
    """A certificate with the hosts here that it is shown for."""

    shown: ShownCertificate
    hosts: Sequence[str]


def covered(
    certificates: Iterable[ShownCertificate], hosts: dict[int, list[str]]
) -> list[Covered]:
    """Return each with its hosts."""
    by_name: dict[tuple[int, str], list[str]] = {}
    for pk, names in hosts.items():
        for host in names:
            for name in fitting(host):
                by_name.setdefault((pk, name), []).append(host)
    return [
        Covered(
            one,
            sorted(
                {
                    host
                    for sni in one.snis
                    for host in by_name.get((one.gateway.pk, sni), ())
                }
            ),
        )
        for one in certificates
    ]


def uncovered(
    certificates: Iterable[ShownCertificate], hosts: Iterable[str]
) -> list[str]:
    """Return the hosts that none of one gateway's certificates is shown for."""
    snis = {sni for one in certificates for sni in one.snis}
    return [host for host in hosts if not covers(snis, host)]


@require_GET
@page
def certificates_page(request: PersonRequest) -> HttpResponse:
    """List the certificates of every gateway this person may see."""
    return _show(request, list(request.user.gateways()), None)


@require_GET
@page
def gateway_certificates_page(request: PersonRequest, slug: str) -> HttpResponse:
    """List the certificates of one gateway."""
    gateway = visible_gateway(request, slug)
    return _show(request, [gateway], gateway)


def _show(
    request: PersonRequest, gateways: Sequence[Gateway], gateway: Gateway | None
) -> HttpResponse:
    certificates = certificates_of(gateways, timezone.now())
    hosts = hosts_here(gateways)
    bare = uncovered(certificates, hosts.get(gateway.pk, [])) if gateway else []
    context = {
        "gateway": gateway,
        "certificates": covered(certificates[:SHOWN], hosts),
        # Where nothing is served by TLS here, something before it does that.
        "bare": bare[:BARE_SHOWN] if certificates else [],
        "more_bare": max(len(bare) - BARE_SHOWN, 0),
        "more": max(len(certificates) - SHOWN, 0),
        "expiring": len(expiring(certificates)),
        "bar_days": BAR_DAYS,
    }
    return render(request, "gateways/certificates.html", context)
