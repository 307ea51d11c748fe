from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from gateway.models import Gateway
from portal.drift.models import Drift
from portal.drift.scan import scan


class Command(BaseCommand):
    """Scan now, not only on schedule; exit non-zero when a gateway was not read."""

    help = "Find what was changed on the gateways, or on one, outside of Gatehouse."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", nargs="?", help="One gateway; else all.")

    def handle(self, *args: Any, slug: str | None = None, **options: Any) -> None:
        gateways = Gateway.objects.in_service()
        if slug is not None:
            gateways = gateways.filter(slug=slug)
            if not gateways:
                known = ", ".join(
                    Gateway.objects.in_service().values_list("slug", flat=True)
                )
                raise CommandError(f"There is no gateway {slug}. There are: {known}.")
        unread = [gateway.slug for gateway in gateways if not self._scan(gateway)]
        if unread:
            raise CommandError(f"Not scanned: {', '.join(unread)}.")

    def _scan(self, gateway: Gateway) -> bool:
        is_done = scan(gateway)
        if is_done:
            drifts = Drift.objects.filter(gateway=gateway).open()
            self.stdout.write(f"{gateway.slug}: {drifts.count()} open")
            for drift in drifts.shown():
                self.stdout.write(f"  {drift.what} {drift}")
        else:
            why = (
                gateway.trouble or "Somebody else reads it now. Try again in a minute."
            )
            self.stdout.write(f"{gateway.slug}: {why}")
        return is_done
