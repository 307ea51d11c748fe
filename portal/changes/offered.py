"""What a gateway offers: its plugins, and what each kind of resource takes."""

from dataclasses import dataclass
from typing import Any

from gateway.catalogue import catalogue_of, read_catalogue
from gateway.errors import GatewayError
from gateway.kinds import Kind
from gateway.models import Gateway
from gateway.schemas import Schemas
from gateway.skeletons import SKELETONS
from portal.accounts.actor import Actor
from portal.accounts.roles import Verb
from portal.changes.errors import GatewayDown

NAMED_BY_AUTHOR = {
    "consumer": "Its username, which its document holds: letters, digits, '-' and '_'.",
    "credential": "USERNAME/credentials/ID, such as jack/credentials/c1: whose it is, and "
    "a name of its own.",
    "secret": "vault/ID, aws/ID or gcp/ID, such as vault/1: the manager, and a name of its "
    "own. References name it: $secret://vault/1/….",
    "plugin_metadata": "The name of the plugin that it is for, such as http-logger.",
}
WITHOUT_SCHEMA = {
    "plugin_metadata": "Its fields are its plugin's own: metadata_schema at "
    "/api/plugins/NAME.",
    "secret": "No gateway tells the schema of secrets; it judges each when it is written. "
    "vault takes uri, prefix, token; aws access_key_id, secret_access_key; gcp auth_config "
    "or auth_file.",
}


@dataclass(frozen=True)
class KindOffered:
    """What one has to know to write a document of a kind on one gateway.

    `schema` is the gateway's own, or None, and then `note` says why.
    """

    kind: Kind
    schema: dict[str, Any] | None
    note: str = ""

    @property
    def id_words(self) -> str:
        """Say what its id is, and whether it may be left out."""
        return NAMED_BY_AUTHOR.get(
            self.kind.name,
            f"{self.kind.id_rule.capitalize()}; chosen when left out.",
        )

    @property
    def skeleton(self) -> dict[str, Any]:
        """A document to begin with."""
        return SKELETONS[self.kind.name]


def kind_offered(kind: Kind, schemas: Schemas) -> KindOffered:
    """Return what this gateway's schemas tell of a kind."""
    schema = schemas.kinds.get(kind.name)
    if schema is not None:
        return KindOffered(kind, schema)
    unread = "Its schema was not read from this gateway yet."
    untold = f"This gateway tells no schema of a {kind.title.lower()}."
    return KindOffered(
        kind,
        None,
        WITHOUT_SCHEMA.get(kind.name, untold if schemas.version else unread),
    )


def offered(gateway: Gateway) -> Schemas:
    """Return what the gateway offers, as kept since its version changed last.

    Raises GatewayDown if nothing is kept and it cannot be asked.
    """
    try:
        return catalogue_of(gateway)
    except GatewayError as error:
        raise _down(gateway, error) from error


def read_again(gateway: Gateway, *, actor: Actor) -> Schemas:
    """Ask the gateway anew: for plugins that came or went while its version stayed.

    Raises NotPresent for programs, NotVisible, NotAllowed, GatewayDown.
    """
    actor.require_present_person()
    actor.require(Verb.OPERATE, gateway)
    try:
        return read_catalogue(gateway)
    except GatewayError as error:
        raise _down(gateway, error) from error


def _down(gateway: Gateway, error: GatewayError) -> GatewayDown:
    return GatewayDown(
        f"Gateway {gateway.slug} cannot be asked for its schemas now: {error} "
        "Try again when it answers.",
        field="gateway",
    )
