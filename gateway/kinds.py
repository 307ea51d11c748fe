"""What APISIX can be told about: the 13 kinds of resource and how each is addressed.

Facts from https://apisix.apache.org/docs/apisix/admin-api/ and `apisix/admin/*.lua`
of 3.18.0, checked against a running gateway.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote


class Verb(StrEnum):
    """What the Admin API can do with one resource of a kind."""

    GET = "GET"
    PUT = "PUT"
    POST = "POST"
    PATCH = "PATCH"
    DELETE = "DELETE"


EVERY_VERB = frozenset(Verb)
NO_POST = EVERY_VERB - {Verb.POST}
NO_PATCH = EVERY_VERB - {Verb.PATCH}
NO_POST_NO_PATCH = EVERY_VERB - {Verb.POST, Verb.PATCH}

# Not "." and "..": in an address these mean another one.
PLAIN_ID = re.compile(r"(?!\.{1,2}\Z)[a-zA-Z0-9\-_.]{1,64}")
USERNAME = re.compile(r"[a-zA-Z0-9_\-]{1,256}")
PLUGIN_NAME = re.compile(r"(?!\.{1,2}\Z)[a-zA-Z0-9\-_.]{1,256}")
SECRET_MANAGER = re.compile(r"vault|aws|gcp")


@dataclass(frozen=True)
class Reference:
    """A field of a document that names a resource of another kind."""

    path: tuple[str, ...]
    kind: str


@dataclass(frozen=True)
class Kind:
    """One kind of resource.

    `tier` orders changes of many items: lower tiers are created first and deleted
    last. `id_field` is the key of the document that holds the id, or None where a
    document never carries it.
    """

    name: str
    path: str
    title: str
    tier: int
    verbs: frozenset[Verb] = EVERY_VERB
    id_field: str = "id"
    id_pattern: re.Pattern[str] = PLAIN_ID
    id_rule: str = "1 to 64 of letters, digits, '-', '_' and '.'"
    parent: str | None = None
    references: tuple[Reference, ...] = ()
    # Fields that GET never returns: what is written there cannot be read back.
    write_only: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return self.name

    @property
    def id_parts(self) -> int:
        """Return of how many parts of a path an id is made."""
        return {"credential": 3, "secret": 2}.get(self.name, 1)

    def accepts_id(self, resource_id: str) -> bool:
        """Say whether the gateway would accept this id for this kind."""
        if self.name == "credential":
            username, middle, name = _three_parts(resource_id)
            return (
                middle == "credentials"
                and USERNAME.fullmatch(username) is not None
                and PLAIN_ID.fullmatch(name) is not None
            )
        if self.name == "secret":
            manager, _, name = resource_id.partition("/")
            return (
                SECRET_MANAGER.fullmatch(manager) is not None
                and PLAIN_ID.fullmatch(name) is not None
            )
        return self.id_pattern.fullmatch(resource_id) is not None

    def url_path(self, resource_id: str) -> str:
        """Return the path of one resource below `/apisix/admin`, each part quoted."""
        prefix = "consumers" if self.name == "credential" else self.path
        return f"/{prefix}/{quote(resource_id, safe='/')}"


def _three_parts(resource_id: str) -> tuple[str, str, str]:
    parts = resource_id.split("/")
    return (parts[0], parts[1], parts[2]) if len(parts) == 3 else ("", "", "")


_TLS_CLIENT_CERT = Reference(("tls", "client_cert_id"), "ssl")
_INLINE_CLIENT_CERT = Reference(("upstream", "tls", "client_cert_id"), "ssl")

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "secret",
            "secrets",
            "Secret",
            0,
            NO_POST,
            id_rule="vault/ID, aws/ID or gcp/ID",
        ),
        Kind(
            "ssl", "ssls", "SSL certificate", 0, write_only=frozenset({"key", "keys"})
        ),
        Kind("proto", "protos", "Proto", 0, NO_PATCH),
        Kind("upstream", "upstreams", "Upstream", 1, references=(_TLS_CLIENT_CERT,)),
        Kind("plugin_config", "plugin_configs", "Plugin config", 1, NO_POST),
        Kind("consumer_group", "consumer_groups", "Consumer group", 1, NO_POST),
        Kind(
            "plugin_metadata",
            "plugin_metadata",
            "Plugin metadata",
            1,
            NO_POST_NO_PATCH,
            id_pattern=PLUGIN_NAME,
            id_rule="the name of a plugin",
        ),
        Kind("global_rule", "global_rules", "Global rule", 2, NO_POST),
        Kind(
            "service",
            "services",
            "Service",
            2,
            references=(Reference(("upstream_id",), "upstream"), _INLINE_CLIENT_CERT),
        ),
        Kind(
            "consumer",
            "consumers",
            "Consumer",
            2,
            NO_POST_NO_PATCH,
            id_field="username",
            id_pattern=USERNAME,
            id_rule="1 to 256 of letters, digits, '-' and '_'",
            references=(Reference(("group_id",), "consumer_group"),),
        ),
        Kind(
            "credential",
            "credentials",
            "Credential",
            3,
            NO_POST_NO_PATCH,
            id_rule="USERNAME/credentials/ID",
            parent="consumer",
        ),
        Kind(
            "route",
            "routes",
            "Route",
            4,
            references=(
                Reference(("upstream_id",), "upstream"),
                Reference(("service_id",), "service"),
                Reference(("plugin_config_id",), "plugin_config"),
                _INLINE_CLIENT_CERT,
            ),
        ),
        Kind(
            "stream_route",
            "stream_routes",
            "Stream route",
            4,
            NO_PATCH,
            references=(
                Reference(("upstream_id",), "upstream"),
                Reference(("service_id",), "service"),
                Reference(("protocol", "superior_id"), "stream_route"),
                _INLINE_CLIENT_CERT,
            ),
        ),
    )
}

KIND_BY_PATH: dict[str, Kind] = {kind.path: kind for kind in KINDS.values()}
