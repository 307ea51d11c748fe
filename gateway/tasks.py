"""Celery's entry points for gateways."""

from celery import shared_task

from gateway.mirror import refresh
from gateway.models import Gateway


@shared_task
def mirror_all() -> None:
    """Refresh the mirror of every gateway in service, each in a task of its own."""
    for pk in Gateway.objects.in_service().values_list("pk", flat=True):
        mirror_one.delay(pk)


@shared_task
def mirror_one(gateway_id: int) -> None:
    """Refresh one gateway's mirror and health."""
    gateway = Gateway.objects.in_service().filter(pk=gateway_id).first()
    if gateway is not None:
        refresh(gateway)
