"""What this desk delivered to one resource."""

from django.db.models import Prefetch, QuerySet

from gateway.models import Gateway
from portal.changes.models import DeliveryState, Item, Review, Verdict


def delivered(gateway: Gateway, kind: str, resource_id: str) -> "QuerySet[Item]":
    """Return the items that brought a resource to what they wanted, latest first."""
    return Item.objects.filter(
        kind=kind,
        resource_id=resource_id,
        revision__delivery__gateway=gateway,
        revision__delivery__state=DeliveryState.VERIFIED,
    ).order_by("-revision__delivery__finished_at", "-pk")


def with_people(items: "QuerySet[Item]") -> "QuerySet[Item]":
    """Add who asked for each and who approved it (`revision.approvals`).

    Leaves out what pages never show.
    """
    approvals = Review.objects.filter(verdict=Verdict.APPROVE).select_related(
        "reviewer"
    )
    return (
        items.defer("base_sealed", "wanted_sealed")
        .select_related("revision__change__author", "revision__delivery")
        .prefetch_related(Prefetch("revision__reviews", approvals, to_attr="approvals"))
    )
