"""Programs known by the address of a document that describes them.

draft-ietf-oauth-client-id-metadata-document: the client id is an https URL, and what is
there says the program's name and where its answers go. The address is somebody else's
choice, so it is fetched as outbound.py does, from public addresses alone; the document
is kept as long as its headers say, within bounds.
"""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from portal.accounts import redirects
from portal.accounts.models import Program
from portal.accounts.programs import CLIENT_ID_LIMIT, find_program, plain_name
from portal.audit.events import Event
from portal.audit.ledger import Recordable, record
from portal.errors import GatehouseError
from portal.outbound import OutboundError, Reach, fetch
from portal.strict_json import NotStrict, read_object

REACH = Reach.PUBLIC
# The draft recommends 5 KB (6.6); bytes, and seconds for everything together.
LIMIT, SECONDS = 10_000, 5.0
# Seconds that a document is kept at least and at most, whatever its headers say.
KEPT_LEAST, KEPT_MOST = 300, 86_400
JSON_TYPE = re.compile(r"application/([\w.-]+\+)?json\b", re.IGNORECASE)
MAX_AGE = re.compile(r"(?:^|,)\s*max-age\s*=\s*\"?(\d{1,9})", re.IGNORECASE)
NOT_KEPT = re.compile(r"no-(?:store|cache)", re.IGNORECASE)


class BadClientDocument(GatehouseError):
    """The document at a client id is not there, or says what is not accepted."""

    code = "malformed"


def is_document(client_id: str) -> bool:
    return client_id[:8].lower() == "https://"


def resolve(client_id: str, *, actor: Recordable) -> Program | None:
    """Return the program that a document at this address describes, fetched if needed.

    One request to the outside at most. None: client ids of this form are switched off,
    or the program was removed. Raises BadClientDocument.
    """
    if not settings.OAUTH_CLIENT_DOCUMENTS:
        return None
    known = Program.objects.filter(client_id=client_id).first()
    if known is not None and (
        known.removed_at
        or known.registration_source != Program.RegistrationSource.CIMD
        or (known.cimd_expires_at and known.cimd_expires_at > timezone.now())
    ):
        return find_program(client_id)
    _check_address(client_id)
    document, seconds = _fetched(client_id)
    return _keep(client_id, document, seconds, actor=actor)


def _check_address(client_id: str) -> None:
    """Refuse what the draft's section 3 does not allow."""
    try:
        parts = urlsplit(client_id)
        parts.port  # noqa: B018 - a port that is none raises
    except ValueError:
        raise BadClientDocument("The client id is no address.") from None
    if (
        len(client_id) > CLIENT_ID_LIMIT
        or parts.scheme != "https"
        or not parts.hostname
        or "@" in parts.netloc
        or "#" in client_id
        or not parts.path
        or {".", ".."}.intersection(parts.path.split("/"))
    ):
        raise BadClientDocument(
            "A client id that is an address has a host and a path, at most "
            f"{CLIENT_ID_LIMIT} characters, and no password, fragment or dots as a part."
        )


def _fetched(client_id: str) -> tuple[dict[str, Any], int]:
    """Return the document and the seconds it may be kept. Raises BadClientDocument."""
    try:
        answer = fetch(
            "GET",
            client_id,
            reach=REACH,
            seconds=SECONDS,
            headers={"Accept": "application/json"},
            limit=LIMIT,
        )
    except OutboundError as error:
        raise BadClientDocument(f"Its description cannot be read: {error}") from error
    if answer.status != 200:
        raise BadClientDocument(
            f"Its description cannot be read: the address answered {answer.status}."
        )
    if answer.is_cut:
        raise BadClientDocument(f"Its description is longer than {LIMIT:,} bytes.")
    if not JSON_TYPE.match(answer.headers.get("content-type", "")):
        raise BadClientDocument("Its description is not sent as application/json.")
    try:
        document = read_object(answer.content.decode())
    except (NotStrict, UnicodeDecodeError):
        raise BadClientDocument("Its description is not a JSON object.") from None
    return document, _seconds(answer.headers.get("cache-control", ""))


def _seconds(cache_control: str) -> int:
    if NOT_KEPT.search(cache_control):
        return KEPT_LEAST
    found = MAX_AGE.search(cache_control)
    return max(KEPT_LEAST, min(int(found[1]) if found else KEPT_MOST, KEPT_MOST))


def _keep(
    client_id: str, document: dict[str, Any], seconds: int, *, actor: Recordable
) -> Program:
    """Store what the document says. Raises BadClientDocument, BadRedirect."""
    if document.get("client_id") != client_id:
        raise BadClientDocument("Its description names another client_id.")
    if document.get("token_endpoint_auth_method", "none") != "none" or any(
        name.startswith("client_secret") for name in document
    ):
        raise BadClientDocument(
            "Its description must say token_endpoint_auth_method: none, and no secret."
        )
    grants = document.get("grant_types", ["authorization_code"])
    if not isinstance(grants, list) or "authorization_code" not in grants:
        raise BadClientDocument("Its description lacks authorization_code as a grant.")
    name = document.get("client_name", "")
    uris = " ".join(redirects.check_all(document.get("redirect_uris")))
    said = {
        "name": plain_name(name if isinstance(name, str) else ""),
        "redirect_uris": uris,
        "cimd_expires_at": timezone.now() + timedelta(seconds=seconds),
    }
    with transaction.atomic():
        # Two may see it first at once: the name is unique, one row stays.
        program, is_new = Program.objects.update_or_create(
            client_id=client_id,
            registration_source=Program.RegistrationSource.CIMD,
            defaults=said,
            create_defaults={
                **said,
                "client_type": Program.CLIENT_PUBLIC,
                "client_secret": "",
                "authorization_grant_type": Program.GRANT_AUTHORIZATION_CODE,
            },
        )
        if is_new:
            record(
                Event.PROGRAM_REGISTERED,
                actor=actor,
                subject=program,
                client_id=client_id,
                redirect_uris=uris.split(),
            )
    return program
