"""Which part of a gateway a group owns: hosts, a URI prefix, labels."""

from typing import ClassVar

from django.contrib.auth.models import Group
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from gateway.models import Gateway


class OwnershipQuerySet(models.QuerySet["Ownership"]):
    def on(self, gateway: Gateway) -> "OwnershipQuerySet":
        """Keep what reaches this gateway, its group at hand."""
        reach = Q(gateway=None) | Q(gateway=gateway)
        return self.filter(reach).select_related("group", "gateway")


class Ownership(models.Model):
    """A part that a group owns on one gateway, or on all when `gateway` is empty.

    Whatever is given must hold: `host` is a name or `*.name` ("": any), `uri_prefix` a
    path such as /cart, with all below it, `labels` are {name: value}.
    """

    group = models.ForeignKey(
        Group, on_delete=models.CASCADE, related_name="ownerships"
    )
    gateway = models.ForeignKey(
        Gateway,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="ownerships",
        help_text=_("Empty: all gateways."),
    )
    host = models.CharField(max_length=253, blank=True)
    uri_prefix = models.CharField(max_length=1_000, blank=True)
    labels = models.JSONField(default=dict, blank=True)

    objects = OwnershipQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return f"group {self.group.name} owns {self.words} on {self.reach}"

    @property
    def reach(self) -> str:
        return self.gateway.slug if self.gateway else "all gateways"

    @property
    def names_a_place(self) -> bool:
        """Whether it says which requests, not only which labels."""
        return bool(self.host or self.uri_prefix)

    @property
    def words(self) -> str:
        """Say what is owned, such as shop.example.com/cart/* labelled team=shop."""
        place = f"{self.host}{self.uri_prefix.rstrip('/')}/*"
        labels = ", ".join(f"{name}={value}" for name, value in self.labels.items())
        labelled = f"labelled {labels}" if labels else ""
        return f"{place if self.names_a_place else 'what is'} {labelled}".strip()
