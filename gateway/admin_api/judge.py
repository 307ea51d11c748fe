"""Whether the Admin API would take a document, or let one go: its words if not.

The gateway's own dry run judges documents and plugins; it looks at no other resource.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.admin_api.write import Refused
from gateway.client import AdminClient
from gateway.errors import Invalid, NotOffered
from gateway.held import Held
from gateway.kinds import Kind
from gateway.redaction import scrub
from gateway.references import holders_of, references_of
from gateway.schemas import Schemas
from gateway.secret_fields import secrets_in
from gateway.versions import at_least

Document = dict[str, Any]

DRY_RUN_SINCE = (3, 17)
# How messages name what a field leads to.
FETCHED = {
    "upstream_id": "upstream info by upstream id",
    "service_id": "service info by service id",
    "plugin_config_id": "plugin config info by plugin config id",
    "group_id": "consumer group info by consumer group id",
    "client_cert_id": "ssl info by ssl id",
}
# Kinds that are guarded against deletion, and how messages name them.
GUARDED = {
    "upstream": "this upstream",
    "service": "this service directly",
    "plugin_config": "this plugin config",
    "consumer_group": "this consumer group",
    "proto": "this proto",
    "stream_route": "this stream route directly",
}
# What tells consumers apart, by plugin.
PROVED_BY = {
    "basic-auth": "username",
    "hmac-auth": "key_id",
    "jwt-auth": "key",
    "key-auth": "key",
    "ldap-auth": "user_dn",
}


def judge(
    kind: Kind,
    key: str,
    wanted: Document,
    *,
    held: Held,
    client: AdminClient,
    schemas: Schemas,
) -> None:
    """Raise Refused for a document that the gateway would not take.

    One request, and one for each resource that it names. Raises GatewayError.
    """
    found = scrub(
        _found_by_dry_run(kind, key, wanted, client, schemas),
        secrets_in(kind.name, wanted, encrypt_fields=schemas.encrypt_fields),
    )
    if found.startswith("invalid configuration"):
        raise Refused(found)
    for words in _missing(kind, key, wanted, held):
        raise Refused(words)
    if found:
        raise Refused(found)
    if kind.name == "credential" and not held.find("consumer", key.partition("/")[0]):
        raise Refused("consumer not found", status=404)
    if not kind.accepts_id(key):
        raise Refused(f"invalid configuration: the id must be {kind.id_rule}")
    if kind.name == "global_rule":
        _expect_alone(key, wanted, held)
    if kind.name == "consumer":
        _expect_unknown(key, wanted, held)


def expect_unused(kind: Kind, key: str, held: Held) -> None:
    """Raise Refused while something names the resource; `force` changes nothing here."""
    if kind.name not in GUARDED:
        return
    for holder in holders_of([kind.name]):
        for holder_key, document in held.documents(holder).items():
            for _, named, named_id in references_of(holder, dict(document)):
                if (named, named_id) == (kind.name, key):
                    raise Refused(
                        f"can not delete {GUARDED[kind.name]}, {holder} [{holder_key}] "
                        "is still using it now"
                    )


def _found_by_dry_run(
    kind: Kind, key: str, wanted: Document, client: AdminClient, schemas: Schemas
) -> str:
    """Return what the gateway says of a document, "" when it would take it."""
    path, body = kind.path, wanted
    if kind.name == "credential":
        # The dry run knows no credentials; their plugins are those of a consumer.
        path = "consumers"
        body = {k: v for k, v in wanted.items() if k in ("plugins", "labels", "desc")}
        body["username"] = key.partition("/")[0]
    if at_least(schemas.version, *DRY_RUN_SINCE):
        try:
            client.validate_configs({path: [body]})
        except Invalid as error:
            return error.errors[0].words if error.errors else error.detail
    elif at_least(schemas.version, 3, 5) and kind.name in schemas.kinds:
        try:
            client.validate(kind.name, wanted)
        except NotOffered:
            pass
        except Invalid as error:
            return f"invalid configuration: {error.detail}"
    if kind.name == "credential" or not at_least(schemas.version, *DRY_RUN_SINCE):
        for violation in schemas.violations(kind.name, wanted):
            return f"invalid configuration: {violation.words}"
    return ""


def _missing(
    kind: Kind, key: str, wanted: Mapping[str, Any], held: Held
) -> Iterator[str]:
    """Yield what the gateway says of references that lead nowhere."""
    for path, named, named_id in references_of(kind.name, dict(wanted)):
        field = path.rpartition(".")[2]
        # Plugins may name what is not there: the gateway does not look.
        if path.startswith("plugins.") or held.find(named, named_id) is not None:
            continue
        if field == "superior_id":
            yield f"failed to fetch stream routes[{named_id}], response code: 404"
        else:
            yield f"failed to fetch {FETCHED[field]} [{named_id}], response code: 404"


def _expect_unknown(key: str, wanted: Document, held: Held) -> None:
    """Raise Refused where another consumer proves itself by the same.

    Credentials are not looked at: that is a list for each consumer.
    """
    plugins = wanted.get("plugins") or {}
    for plugin, field in PROVED_BY.items():
        value = (plugins.get(plugin) or {}).get(field)
        for other, document in held.documents("consumer").items() if value else ():
            taken = (document.get("plugins") or {}).get(plugin) or {}
            if other != key and taken.get(field) == value:
                raise Refused(
                    f"duplicate {field} of plugin {plugin} found with consumer: {other}"
                )


def _expect_alone(key: str, wanted: Document, held: Held) -> None:
    """Raise Refused where a plugin is in another global rule already."""
    for other, document in held.documents("global_rule").items():
        taken = set(wanted.get("plugins") or {}) & set(document.get("plugins") or {})
        if other != key and taken:
            raise Refused(
                f"plugin '{min(taken)}' already exists in global rule with id '{other}'"
            )
