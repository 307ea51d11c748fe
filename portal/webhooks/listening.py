"""Make, pause, resume and remove webhooks: an administrator's decision."""

import secrets
from collections.abc import Sequence
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from gateway import sealing
from gateway.models import Gateway, http_url
from portal.accounts.actor import Actor
from portal.accounts.visible_events import UNSENT
from portal.audit.events import Event
from portal.audit.ledger import Entry, record
from portal.audit.models import LedgerHead
from portal.webhooks.errors import Malformed, WrongState
from portal.webhooks.models import Form, Message, MessageState, Webhook
from portal.webhooks.signing import new_secret, shown_secret

NAME_LIMIT, ADDRESS_LIMIT = 80, 2_000
# What a gateway's people want to hear of; then what an audit elsewhere does, too.
SUBJECTS = tuple(
    dict.fromkeys(
        (
            *("change", "delivery", "expiry", "freeze", "probe", "drift", "gateway"),
            *(event.value.partition(".")[0] for event in Event),
        )
    )
)
OFFERED = tuple(event for event in Event if event not in UNSENT)
# Instead of names: all of them, and those that later versions add.
EVERYTHING = "*"
USUAL = (
    Event.CHANGE_SUBMITTED,
    Event.CHANGE_APPROVED,
    Event.CHANGE_GLASS_BROKEN,
    Event.CHANGE_REJECTED,
    Event.CHANGE_APPLIED,
    Event.CHANGE_FAILED,
    Event.CHANGE_CONFLICTED,
    Event.DRIFT_FOUND,
)


@transaction.atomic
def make_webhook(
    *,
    actor: Actor,
    gateway: Gateway | None,
    name: str,
    form: str,
    address: str,
    events: Sequence[str],
) -> tuple[Webhook, str]:
    """Make a webhook of a gateway, None: of all; return it and its signing secret.

    The secret is "" for forms that are not signed, and shown only now. It hears of what
    happens from now on. Raises NotPresent for programs, NotAllowed for all but
    administrators of what it reaches, Malformed naming the field.
    """
    maker = actor.require_administrator(gateway)
    if form not in Form.values:
        raise Malformed(
            gettext("Use one of %(values)s.") % {"values": ", ".join(Form.values)},
            field="form",
        )
    address = _checked_address(form, address.strip())
    secret = new_secret() if form == Form.STANDARD else b""
    webhook = Webhook.objects.create(
        gateway=gateway,
        name=_checked_name(name),
        form=form,
        events=_checked_events(events),
        shown_address=shown_address(form, address),
        address_sealed=sealing.seal(address),
        secret_sealed=sealing.seal(secret.hex()) if secret else None,
        seen=LedgerHead.objects.get(pk=1).number,
        maker=maker,
    )
    record(
        Entry(
            Event.WEBHOOK_MADE,
            {"address": webhook.shown_address, "form": form, "events": webhook.events},
        ),
        actor=actor,
        subject=webhook,
    )
    return webhook, shown_secret(secret) if secret else ""


@transaction.atomic
def pause(webhook: Webhook, *, actor: Actor) -> Webhook:
    """Send nothing until it is resumed. Idempotent; raises as `make_webhook` does."""
    locked = _locked(webhook, actor)
    if locked.paused_at is None:
        pause_because(locked, "somebody paused it", actor=actor)
    return locked


def pause_because(webhook: Webhook, words: str, *, actor: Actor) -> None:
    """Pause a locked webhook within the caller's transaction, and say why."""
    webhook.paused_at, webhook.paused_because = timezone.now(), words[:300]
    webhook.save(update_fields=["paused_at", "paused_because"])
    record(Entry(Event.WEBHOOK_PAUSED, {"why": words}), actor=actor, subject=webhook)


@transaction.atomic
def resume(webhook: Webhook, *, actor: Actor) -> Webhook:
    """Send again, from now on: what happened meanwhile is not told. Idempotent."""
    locked = _locked(webhook, actor)
    if locked.paused_at is not None:
        locked.paused_at, locked.paused_because = None, ""
        locked.seen = LedgerHead.objects.get(pk=1).number
        locked.save(update_fields=["paused_at", "paused_because", "seen"])
        record(Event.WEBHOOK_RESUMED, actor=actor, subject=locked)
    return locked


@transaction.atomic
def remove(webhook: Webhook, *, actor: Actor) -> None:
    """End a webhook for good and forget its address and secret; its log stays a while.

    Idempotent; raises as `make_webhook` does.
    """
    person = actor.require_administrator(webhook.gateway)
    locked = _lock(webhook)
    if locked.removed_at is None:
        locked.removed_at = timezone.now()
        locked.address_sealed, locked.secret_sealed = sealing.seal(""), None
        locked.save(update_fields=["removed_at", "address_sealed", "secret_sealed"])
        record(
            Entry(Event.WEBHOOK_REMOVED, {"by": person.username}),
            actor=actor,
            subject=locked,
        )


@transaction.atomic
def send_test(webhook: Webhook, *, actor: Actor) -> Message:
    """Queue a message that says it is a test. Raises as `make_webhook` does."""
    locked = _locked(webhook, actor)
    if locked.paused_at is not None:
        raise WrongState(gettext("It is paused: nothing is sent. Resume it first."))
    return Message.objects.create(
        webhook=locked,
        key=new_key(),
        type="test",
        content={"words": f"{actor.label} tries out this webhook", "url": ""},
    )


@transaction.atomic
def send_again(message: Message, *, actor: Actor) -> Message:
    """Queue a message once more, with the same key.

    Raises WrongState while it waits, and as `make_webhook` does.
    """
    _locked(message.webhook, actor)
    locked = Message.objects.select_for_update(of=("self",), no_key=True).get(
        pk=message.pk
    )
    if locked.state == MessageState.WAITING:
        raise WrongState(gettext("It waits to be sent already."))
    locked.state, locked.tries, locked.next_at = MessageState.WAITING, 0, timezone.now()
    locked.save(update_fields=["state", "tries", "next_at"])
    return locked


def new_key() -> str:
    """Return what a receiver knows a message by."""
    return f"msg_{secrets.token_urlsafe(18)}"


def shown_address(form: str, address: str) -> str:
    """Return what may be shown of an address: of a URL no more than its host."""
    if form == Form.MAIL:
        return address[:300]
    parts = urlsplit(address)
    path = "/…" if parts.path.strip("/") or parts.query else ""
    return f"{parts.scheme}://{parts.netloc}{path}"[:300]


def _lock(webhook: Webhook) -> Webhook:
    return (
        Webhook.objects.select_for_update(of=("self",), no_key=True)
        .select_related("gateway")
        .get(pk=webhook.pk)
    )


def _locked(webhook: Webhook, actor: Actor) -> Webhook:
    actor.require_administrator(webhook.gateway)
    locked = _lock(webhook)
    if locked.removed_at is not None:
        raise WrongState(gettext("This webhook was removed. Make a new one."))
    return locked


def _checked_name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > NAME_LIMIT:
        raise Malformed(
            gettext("Give a name of at most %(limit)s characters.")
            % {"limit": NAME_LIMIT},
            field="name",
        )
    return name


def _checked_address(form: str, address: str) -> str:
    if len(address) > ADDRESS_LIMIT:
        raise Malformed(
            gettext("Use at most %(limit)s characters.")
            % {"limit": f"{ADDRESS_LIMIT:,}"},
            field="address",
        )
    try:
        if form == Form.MAIL:
            validate_email(address)
        else:
            http_url(address)
    except ValidationError:
        raise Malformed(
            gettext("Give an e-mail address.")
            if form == Form.MAIL
            else gettext(
                "Give an address that begins with https:// and holds no password."
            ),
            field="address",
        ) from None
    return address


def _checked_events(events: Sequence[str]) -> list[str]:
    wanted = sorted(set(events))
    unknown = [name for name in wanted if name not in {EVERYTHING, *OFFERED}]
    if unknown or not wanted:
        raise Malformed(
            gettext("There is no event %(unknown)r to hear of.")
            % {"unknown": unknown[0]}
            if unknown
            else gettext("Choose at least one event."),
            field="events",
        )
    return wanted
