"""What a gateway serves, as an OpenAPI document."""

import json

import yaml
from django.utils.translation import gettext

from gateway.mirrored import Mirrored
from gateway.models import Gateway
from gateway.openapi.shapes import Document
from gateway.openapi.write import Said, Wanted, write
from gateway.router.match import Mode
from portal.accounts.actor import Actor
from portal.accounts.roles import Verb
from portal.changes.errors import GatewayDown
from portal.changes.models import SpecImport

# Characters.
FLOW_FROM = 1_000_000


def export_document(
    gateway: Gateway, *, actor: Actor, host: str = "", service: str = ""
) -> Document:
    """Return the OpenAPI document of what was last seen of a gateway.

    `host` and `service` (an id) keep what is for them. Raises NotAllowed, NotVisible, and
    GatewayDown when the gateway was never read.
    """
    actor.require(Verb.READ, gateway)
    if gateway.mirrored_at is None:
        raise GatewayDown(
            gettext("Gateway %(gateway)s was not read yet. Try again in a minute.")
            % {"gateway": gateway.slug},
            field="slug",
        )
    wanted = Wanted(
        title=gateway.title,
        public_url=gateway.public_url,
        mode=Mode(gateway.router) if gateway.router else None,
        host=host,
        service=service,
    )
    return write(Mirrored(gateway), said_of(gateway), wanted)


def written(document: Document) -> bytes:
    """Return a document as YAML.

    A large one in YAML's flow style, which is JSON: the other takes a second a megabyte.
    """
    flow = json.dumps(document, ensure_ascii=False)
    if len(flow) > FLOW_FROM:
        return flow.encode()
    return yaml.dump(
        document, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=100
    ).encode()


class _Plain(yaml.CSafeDumper):
    """YAML without anchors: some readers do not know them."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def said_of(gateway: Gateway) -> dict[str, Said]:
    """Return what each document said that was imported to a gateway. One query."""
    found = (
        Said.of(spec, row.whole())
        for spec, row in SpecImport.objects.applied_to(gateway).items()
    )
    return {said.spec: said for said in found if said is not None}
