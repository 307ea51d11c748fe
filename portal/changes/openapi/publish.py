"""Have a gateway itself tell what it serves, as a plugin that chat clients read.

Two routes answer fixed texts by the plugin `mocking`: the OpenAPI document, and a
manifest that names it. What they say is what was seen of the gateway when that was
asked for; publishing again renews it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext

from gateway.canonical import canonical
from gateway.live import Live
from gateway.mirror import catalogue_of
from gateway.models import Gateway
from gateway.openapi.shapes import Document
from gateway.openapi.write import PUBLISHED
from portal.accounts.actor import Actor
from portal.accounts.roles import Verb
from portal.changes.asked import ChangeAsked, ItemAsked
from portal.changes.bringing import bringing_whole
from portal.changes.errors import Malformed, NothingToChange
from portal.changes.openapi.export import export_document
from portal.changes.plan import Plan, gateway_or_down
from portal.changes.propose import Proposed, preview, propose
from portal.changes.terms import Terms

DOCUMENT, MANIFEST = "/openapi.yaml", "/.well-known/ai-plugin.json"
# Bytes; a gateway takes no body of more than 1.5 MiB, and every worker keeps this one.
LIMIT = 1_000_000
NAME_LIMIT, WORDS_LIMIT = 20, 120
PLAIN_AUTH: Document = {"type": "none"}


@dataclass(frozen=True, kw_only=True)
class PublishAsked:
    """What of a gateway to tell (see `export_document`), and how the plugin is called."""

    gateway: Gateway
    name: str
    description: str
    host: str = ""
    service: str = ""
    reason: str = ""
    title: str = ""
    idempotency_key: str = ""
    conversation: str = ""
    terms: Terms = Terms()


def publish(asked: PublishAsked, *, actor: Actor) -> Proposed:
    """File the change that adds or renews both routes.

    Raises Malformed for a document too large or empty, NothingToChange where the gateway
    tells all that already, and what `propose` and `export_document` raise.
    """
    # Before the gateway is asked: whoever may not ask costs it nothing.
    actor.require(Verb.ASK, asked.gateway)
    return propose(_change(asked, actor), actor=actor)


def preview_publish(asked: PublishAsked, *, actor: Actor) -> Plan:
    """Show what `publish` would do. Raises as it does; nothing is stored."""
    return preview(_change(asked, actor), actor=actor)


def _change(asked: PublishAsked, actor: Actor) -> ChangeAsked:
    wanted = _routes(asked, actor)
    items: list[ItemAsked] = []
    with gateway_or_down(asked.gateway) as client:
        schemas, live = catalogue_of(asked.gateway, client), Live(client)
        for route_id, route in wanted.items():
            held = live.find("route", route_id)
            item = bringing_whole(("route", route_id), route, held, schemas=schemas)
            if item is not None:
                items.append(replace(item, field=""))
    if not items:
        raise NothingToChange(
            gettext(
                "Gateway %(gateway)s tells all of this already. There is nothing to ask for."
            )
            % {"gateway": asked.gateway.slug}
        )
    return ChangeAsked(
        gateway=asked.gateway,
        reason=asked.reason,
        title=asked.title,
        items=tuple(items),
        idempotency_key=asked.idempotency_key,
        conversation=asked.conversation,
        terms=asked.terms,
    )


def _routes(asked: PublishAsked, actor: Actor) -> dict[str, Document]:
    document = export_document(
        asked.gateway, actor=actor, host=asked.host, service=asked.service
    )
    if not document["paths"]:
        raise Malformed(
            gettext("There is nothing to publish: no route is for that."),
            field="host" if asked.host else "service" if asked.service else "gateway",
        )
    told = {
        DOCUMENT: ("application/yaml", document),
        MANIFEST: ("application/json", _manifest(asked, document)),
    }
    mark = canonical([asked.host, asked.service])
    made: dict[str, Document] = {}
    for uri, (content_type, value) in told.items():
        text = _fixed(value)
        if len(text.encode()) > LIMIT:
            raise Malformed(
                gettext(
                    "The document is larger than %(limit)s bytes, which is too much for a "
                    "route to hold. Choose a host or a service."
                )
                % {"limit": f"{LIMIT:,}"},
                field="service",
            )
        digest = hashlib.sha256(mark + uri.encode()).hexdigest()[:12]
        made[f"published-{digest}"] = {
            "name": f"published {uri.rpartition('/')[2]}",
            "desc": "What this gateway serves, for programs that read it.",
            "uri": uri,
            "methods": ["GET"],
            "labels": {PUBLISHED: "document" if uri == DOCUMENT else "manifest"},
            "plugins": {
                "mocking": {
                    "content_type": content_type,
                    "response_example": text,
                    "with_mock_header": False,
                }
            },
        } | ({"hosts": [asked.host]} if asked.host else {})
    return made


def _fixed(value: Mapping[str, Any]) -> str:
    """Return a value as JSON, which is YAML too, that the gateway leaves as it is.

    `mocking` puts variables in for what begins with a dollar sign, as `$ref` does
    (`core.utils.resolve_var` in apisix/plugins/mocking.lua): so there is none.
    """
    return json.dumps(value, ensure_ascii=False).replace("$", "\\u0024")


def _manifest(asked: PublishAsked, document: Document) -> Document:
    server = document["servers"][0]["url"].rstrip("/")
    parts = urlsplit(server)
    plain = "".join(c if c.isascii() and c.isalnum() else "_" for c in asked.name)
    return {
        "schema_version": "v1",
        "name_for_human": asked.name,
        "name_for_model": plain.lower().strip("_") or "gateway",
        "description_for_human": asked.description,
        "description_for_model": asked.description,
        "auth": _auth(document),
        "api": {"type": "openapi", "url": f"{parts.scheme}://{parts.netloc}{DOCUMENT}"},
        "logo_url": f"{settings.PUBLIC_URL}/logo.png",
        "contact_email": settings.CONTACT_EMAIL,
        "legal_info_url": f"{settings.PUBLIC_URL}/legal",
    }


def _auth(document: Document) -> Document:
    """Return how a chat client signs in: manifests know bearer and basic alone."""
    schemes = document.get("components", {}).get("securitySchemes", {}).values()
    for scheme in schemes:
        if scheme.get("type") == "http" and scheme.get("scheme") in {"bearer", "basic"}:
            return {"type": "user_http", "authorization_type": scheme["scheme"]}
    return PLAIN_AUTH
