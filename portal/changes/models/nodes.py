"""Whether what was delivered has arrived at the nodes that carry the traffic."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.changes.models.delivery import Delivery


class Sight(models.TextChoices):
    """What is known of one node."""

    WAITING = "waiting", _("Not there yet")
    REACHED = "reached", _("Reached")
    LAGGING = "lagging", _("Lags behind")
    UNREACHABLE = "unreachable", _("Does not answer")


class NodeSightingQuerySet(models.QuerySet["NodeSighting"]):
    def waiting(self) -> "NodeSightingQuerySet":
        return self.filter(state=Sight.WAITING)


class NodeSighting(models.Model):
    """What one node was seen to hold after one delivery.

    `milliseconds` is how long after the delivery had ended the node was first seen to
    hold it; it may have held it earlier.
    """

    delivery = models.ForeignKey(
        Delivery, on_delete=models.PROTECT, related_name="sightings"
    )
    url = models.CharField(max_length=500)
    state = models.CharField(
        max_length=20, choices=Sight.choices, default=Sight.WAITING
    )
    milliseconds = models.PositiveIntegerField(null=True)
    words = models.TextField(blank=True, help_text=_("What is missing, for people."))

    objects = NodeSightingQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["delivery", "url"], name="node_sighting_once"
            ),
            models.CheckConstraint(
                condition=Q(state__in=Sight.values), name="node_sighting_state_known"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["delivery"],
                condition=Q(state="waiting"),
                name="node_sighting_waiting",
            )
        ]

    def __str__(self) -> str:
        return f"{self.url} after {self.delivery}"
