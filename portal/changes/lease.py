"""Who holds a delivery, and for how long.

A lease is not a fence: a frozen worker does not know that time passed. So the worker
renews by compare-and-swap right before each write and checks on its own monotonic
clock that the lease outlives the request; a successor waits until any request of its
predecessor must have ended.
"""

import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from portal.changes.models import Delivery, DeliveryState


class LeaseLost(Exception):
    """Another worker has, or may soon have, this delivery: stop without a word."""


def margin() -> float:
    """Return by how many seconds a lease must outlive a request's deadline."""
    spare: float = settings.DELIVERY_LEASE - settings.GATEWAY_REQUEST_DEADLINE
    return min(2.0, spare / 2)


def expiry() -> datetime:
    return timezone.now() + timedelta(seconds=settings.DELIVERY_LEASE)


@dataclass
class Lease:
    """One worker's hold of one delivery."""

    delivery_id: int
    token: uuid.UUID
    granted: float = field(default_factory=time.monotonic)
    # A predecessor's last request may still be under way until then.
    quiet_from: datetime | None = None

    def renew(self, **changes: object) -> None:
        """Extend the lease, writing `changes` to the delivery too.

        Raises LeaseLost when somebody else has taken it.
        """
        now = time.monotonic()
        held = Delivery.objects.filter(
            pk=self.delivery_id, lease_token=self.token, state=DeliveryState.SENDING
        ).update(lease_expires_at=expiry(), **changes)
        if not held:
            raise LeaseLost(f"Delivery {self.delivery_id} is no longer ours.")
        self.granted = now

    def keep(self) -> None:
        """Renew when a third of it has passed: reading many items takes its time.

        Raises LeaseLost.
        """
        if time.monotonic() - self.granted > settings.DELIVERY_LEASE / 3:
            self.renew()

    def require_time_for_a_request(self) -> None:
        """Raise LeaseLost unless the lease outlives a request sent now."""
        left = self.granted + settings.DELIVERY_LEASE - time.monotonic()
        if left < settings.GATEWAY_REQUEST_DEADLINE + margin():
            raise LeaseLost(
                f"Too little of the lease of delivery {self.delivery_id} is left."
            )

    def wait_for_predecessor(self) -> None:
        """Sleep until no request of the previous holder can still be under way.

        Before the first read, not before the first write: what is read earlier may not
        stand any more. Raises LeaseLost.
        """
        while self.quiet_from and timezone.now() < self.quiet_from:
            self.renew()
            left = (self.quiet_from - timezone.now()).total_seconds()
            time.sleep(max(0.0, min(left, 1.0)))
        self.quiet_from = None
