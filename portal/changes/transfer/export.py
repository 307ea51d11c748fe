"""Write what a gateway holds now into a file.

Secrets are left out unless somebody who may asks for them: sealed, so that this
installation alone opens them, or in clear, which no program gets.
"""

from dataclasses import dataclass
from datetime import UTC

from django.db import transaction
from django.utils.translation import gettext

from gateway import sealing
from gateway.fingerprint import fingerprint_key
from gateway.formats import adc, backup, standalone
from gateway.formats.contents import Documents, Written
from gateway.models import Gateway
from gateway.readable import readable
from gateway.redaction import redact
from gateway.secret_fields import secrets_in
from gateway.whole import Whole, read_whole
from portal.accounts.actor import Actor
from portal.accounts.errors import NotAllowed
from portal.accounts.gateways import OneGateway
from portal.accounts.roles import Verb
from portal.audit.events import Event
from portal.audit.ledger import Entry, record
from portal.changes.errors import Malformed
from portal.changes.plan import gateway_or_down
from portal.changes.transfer.formats import Format, Secrets

POSSIBLE = {
    Format.BACKUP: (Secrets.SEALED, Secrets.LEFT_OUT),
    Format.APISIX: (Secrets.LEFT_OUT, Secrets.CLEAR),
    Format.ADC: (Secrets.LEFT_OUT, Secrets.CLEAR),
}
ENDINGS = {Format.BACKUP: "jsonl", Format.APISIX: "yaml", Format.ADC: "yaml"}
SAID_OF_SECRETS = {
    Secrets.LEFT_OUT: "Secrets are left out: redacted:… stands for each. Imported to this "
    "gateway, it means the secret that is there.",
    Secrets.CLEAR: "It holds secrets in clear. Keep it safe.",
}


@dataclass(frozen=True)
class Exported:
    """A file: its name, its text, and what of the gateway it cannot say."""

    name: str
    text: str
    losses: tuple[str, ...] = ()


def export(
    gateway: Gateway, *, format: Format, secrets: Secrets, actor: Actor
) -> Exported:
    """Return the gateway's file; one that holds secrets is recorded.

    Raises NotAllowed, NotVisible, NotPresent (in clear for a program), GatewayDown,
    Malformed for secrets that the format cannot hold.
    """
    person = actor.require(Verb.READ, gateway)
    if secrets not in POSSIBLE[format]:
        raise Malformed(
            gettext(
                "A file of the format %(format)s cannot hold secrets so. Use %(formats)s."
            )
            % {"format": format, "formats": " or ".join(POSSIBLE[format])},
            field="secrets",
        )
    if secrets is Secrets.CLEAR:
        actor.require_present_person()
    needed = {Secrets.SEALED: Verb.EXPORT, Secrets.CLEAR: Verb.ADMINISTER}.get(secrets)
    if needed and not person.may(needed, gateway):
        raise NotAllowed(
            gettext(
                "Your role on gateway %(gateway)s gives out no secrets. Use left_out."
            )
            % {"gateway": gateway.slug},
            field="secrets",
        )
    return write_export(gateway, format=format, secrets=secrets, actor=actor)


def write_export(
    gateway: Gateway, *, format: Format, secrets: Secrets, actor: Actor
) -> Exported:
    """Read the gateway and return its file, whoever asks. Raises GatewayDown."""
    with gateway_or_down(gateway) as client:
        whole = read_whole(gateway, client)
    documents = whole.documents
    if secrets is Secrets.LEFT_OUT:
        documents = _redacted(whole)
    at = whole.taken_at.astimezone(UTC)
    name = f"{gateway.slug}-{at:%Y%m%d-%H%M%S}-{format}.{ENDINGS[format]}"
    written = (
        _backup(gateway, whole, documents, secrets)
        if format is Format.BACKUP
        else _yaml(gateway, whole, documents, format, secrets)
    )
    if secrets is not Secrets.LEFT_OUT:
        _tell(gateway, format, secrets, len(documents), actor)
    return Exported(name, written.text, written.losses)


def _redacted(whole: Whole) -> Documents:
    key, fields = fingerprint_key(), whole.schemas.encrypt_fields
    return {
        (kind, resource_id): redact(
            kind, readable(kind, document), key=key, encrypt_fields=fields
        )
        for (kind, resource_id), document in whole.documents.items()
    }


def _backup(
    gateway: Gateway, whole: Whole, documents: Documents, secrets: Secrets
) -> Written:
    header = backup.Header(
        gateway=gateway.slug,
        taken_at=whole.taken_at.astimezone(UTC).isoformat(timespec="seconds"),
        apisix=whole.version,
        kinds=tuple(sorted(whole.kinds)),
        key=sealing.key_fingerprints()[0] if secrets is Secrets.SEALED else "",
    )
    fields = whole.schemas.encrypt_fields
    text = backup.write(
        header,
        documents,
        has_secrets=lambda kind, document: bool(
            secrets_in(kind, document, encrypt_fields=fields)
        ),
        seal=sealing.seal,
    )
    return Written(text)


def _yaml(
    gateway: Gateway,
    whole: Whole,
    documents: Documents,
    format: Format,
    secrets: Secrets,
) -> Written:
    head = [
        f"Gateway {gateway.slug} (APISIX {whole.version}), written by Gatehouse at "
        f"{whole.taken_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC.",
        SAID_OF_SECRETS[secrets],
    ]
    write = adc.write if format is Format.ADC else standalone.write
    return write(documents, head=head)


@transaction.atomic
def _tell(
    gateway: Gateway, format: Format, secrets: Secrets, count: int, actor: Actor
) -> None:
    record(
        Entry(
            Event.GATEWAY_EXPORTED,
            {"format": format, "secrets": secrets, "resources": count},
        ),
        actor=actor,
        subject=OneGateway(gateway),
    )
