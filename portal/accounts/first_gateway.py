"""The first gateway, `default`: made from the environment, so that a desk has one."""

from django.core.exceptions import ValidationError
from django.db import transaction

from gateway.models import Gateway, KeyNotHere, origin
from gateway.sealing import Unsealable
from portal.accounts.actor import Actor
from portal.accounts.gateways import OneGateway
from portal.audit.events import Event
from portal.audit.ledger import record

SLUG = "default"
# The environment label of the embedded sandbox. Only a gateway that has it follows
# the sandbox to another port; whoever edits it has made the gateway their own.
SANDBOX = "sandbox"


class Unusable(Exception):
    """What was asked for cannot be this desk's gateway; the message says what to do."""


@transaction.atomic
def provide_first_gateway(
    *,
    admin_url: str,
    admin_key: str,
    public_url: str,
    control_url: str = "",
    environment: str = "",
) -> Gateway | None:
    """Make the gateway `default`, or keep it in step with a sandbox that moved.

    Returns None when there are gateways but no `default`: people arranged their own.
    A real gateway's record is people's: only its key is brought up to date, and only
    while it never worked. Raises Unusable for what is no address, and when `default` is
    the sandbox with a history and another gateway is asked for: that history must not
    become its own.
    """
    gateway = Gateway.objects.locked().filter(slug=SLUG).first()
    if gateway is None:
        if Gateway.objects.exists():
            return None
        gateway = Gateway(slug=SLUG, title=environment.capitalize() or "APISIX")
        event = Event.GATEWAY_CREATED
    elif not _may_follow(gateway, admin_url, environment):
        return gateway
    else:
        event = Event.GATEWAY_CHANGED
        if environment != SANDBOX:
            # What the sandbox held is not what this gateway holds.
            gateway.resources.all().delete()
            gateway.title, gateway.version = "APISIX", ""
            gateway.answered_at = gateway.mirrored_at = None
    before = _settings_of(gateway)
    # Which nodes a gateway of their own has, people say.
    if SANDBOX in (gateway.environment, environment):
        gateway.control_urls = [control_url] if control_url else []
    gateway.admin_url = admin_url
    gateway.public_url = public_url
    gateway.environment = environment
    if _settings_of(gateway) == before and _key_of(gateway) == admin_key:
        return gateway
    gateway.set_admin_key(admin_key)
    try:
        gateway.full_clean()
    except ValidationError as error:
        words = "; ".join(
            f"APISIX_{name.upper()}: {' '.join(found)}"
            for name, found in error.message_dict.items()
        )
        raise Unusable(words) from error
    gateway.save()
    changed = [
        name for name, value in _settings_of(gateway).items() if value != before[name]
    ]
    record(
        event,
        actor=Actor.system("environment"),
        subject=OneGateway(gateway),
        fields=[*changed, "admin_key"],
    )
    return gateway


def _may_follow(gateway: Gateway, admin_url: str, environment: str) -> bool:
    """Whether the record of `default` may be changed to this address and key."""
    if gateway.environment != SANDBOX:
        return (
            origin(gateway.admin_url) == origin(admin_url) and not gateway.answered_at
        )
    if environment != SANDBOX and gateway.changes.exists():
        raise Unusable(
            "APISIX_ADMIN_URL names your own gateway, but this desk's gateway "
            f"`{SLUG}` is the sandbox and has changes in its history. Start a desk of "
            "its own for the other one: GATEHOUSE_VAR=var-apisix make run"
        )
    return True


def _settings_of(gateway: Gateway) -> dict[str, object]:
    return {
        "admin_url": gateway.admin_url,
        "public_url": gateway.public_url,
        "control_urls": gateway.control_urls,
        "environment": gateway.environment,
    }


def _key_of(gateway: Gateway) -> str:
    try:
        return gateway.admin_key()
    except (KeyNotHere, Unsealable):
        return ""
