"""Find, redact and resolve the secrets of a document. Pure.

Which fields are secret: those that the gateway's plugin schemas list in
`encrypt_fields`, and well-known names. When in doubt a value is redacted: a hidden
harmless value costs a question, a shown secret costs the secret.
"""

import copy
import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

Document = dict[str, Any]
Path = tuple[str | int, ...]
EncryptFields = Mapping[str, Sequence[str]]

MARK = "redacted:"
HIDDEN = "(secret)"
SHORT = 6
REDACTED = re.compile(r"redacted:[0-9a-f]{8}")
REFERENCE = re.compile(r"\$(secret|env)://", re.IGNORECASE)
SECRET_NAME = re.compile(
    r"(?:^|[_-])(?:pass(?:word|wd|phrase)|secret|secret_?key|secret_access_key|"
    r"secret_fallbacks|private_key|api_?key|access_?key_secret|(?:session|auth|access|"
    r"refresh|customer|service|id)?_?token|service_account_json|credentials?_json)$",
    re.IGNORECASE,
)
SECRET_HEADER = re.compile(
    r"^(?:proxy-)?authorization$|^(?:set-)?cookie$|api-?key|token|secret|password",
    re.IGNORECASE,
)
# What older gateways do not tell: they list no `encrypt_fields` for these.
KNOWN_FIELDS: EncryptFields = {
    "basic-auth": ("password",),
    "csrf": ("key",),
    "hmac-auth": ("secret_key",),
    "http-logger": ("auth_header",),
    "jwe-decrypt": ("key", "secret"),
    "jwt-auth": ("secret", "private_key"),
    "key-auth": ("key",),
    "loki-logger": ("headers",),
    "elasticsearch-logger": ("headers",),
}
# A name under which a plugin says where it sends things.
DESTINATION = re.compile(
    r"(?:^|_)(?:uri|uris|url|urls|host|hosts|endpoint|endpoints|endpoint_addrs?|nodes?|"
    r"addr|addrs|address|addresses|brokers?|broker_list|nameserver_list|discovery|port|"
    r"server_addr|ldap_uri|domain|redirect_uri)$"
)
UPSTREAM_NAMES = ("upstream", "upstream_id", "service_id", "nodes", "service_name")


def fingerprint(secret: Any, key: bytes) -> str:
    """Return the mark that stands for a secret: `redacted:` and 8 hex digits."""
    text = secret if isinstance(secret, str) else repr(secret)
    return (
        MARK
        + hmac.new(key, text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:8]
    )


def secret_paths(
    kind: str, document: Document, *, encrypt_fields: EncryptFields
) -> Iterator[tuple[Path, str]]:
    """Yield (path, value) of every secret text in the document, each once."""
    seen: set[Path] = set()
    for path, value in _candidates(kind, document, encrypt_fields):
        if path not in seen and value and not REFERENCE.match(value):
            seen.add(path)
            yield path, value


def _candidates(
    kind: str, document: Document, encrypt_fields: EncryptFields
) -> Iterator[tuple[Path, str]]:
    if kind == "ssl":
        for name in ("key", "keys"):
            yield from _texts(document.get(name), (name,))
    if kind == "secret":
        yield from _well_known(document, ())
    if kind == "plugin_metadata":
        for fields in (encrypt_fields, KNOWN_FIELDS):
            yield from _listed(
                document, fields.get(str(document.get("id", "")), ()), ()
            )
        yield from _well_known(document, ())
    for at in ((), ("upstream",)):
        holder: Any = document.get("upstream") if at else document
        tls = holder.get("tls") if isinstance(holder, dict) else None
        if isinstance(tls, dict):
            yield from _texts(tls.get("client_key"), (*at, "tls", "client_key"))
    plugins = document.get("plugins")
    if isinstance(plugins, dict):
        for name, configuration in plugins.items():
            for fields in (encrypt_fields, KNOWN_FIELDS):
                yield from _listed(
                    configuration, fields.get(name, ()), ("plugins", name)
                )
            yield from _well_known(configuration, ("plugins", name))


def _listed(value: Any, fields: Sequence[str], at: Path) -> Iterator[tuple[Path, str]]:
    """Follow dotted field names, through arrays too, to the texts below them."""
    for field in fields:
        yield from _follow(value, field.split("."), at)


def _follow(value: Any, names: Sequence[str], at: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _follow(item, names, (*at, index))
    elif not names:
        yield from _texts(value, at)
    elif isinstance(value, dict) and names[0] in value:
        yield from _follow(value[names[0]], names[1:], (*at, names[0]))


def _texts(value: Any, at: Path) -> Iterator[tuple[Path, str]]:
    """Yield every text at or below a value."""
    if isinstance(value, str):
        yield at, value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _texts(item, (*at, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, (*at, index))


def _well_known(value: Any, at: Path) -> Iterator[tuple[Path, str]]:
    """Yield texts under names that everybody uses for secrets, however deep."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _well_known(item, (*at, index))
    elif isinstance(value, dict):
        is_header_map = any("header" in str(part).lower() for part in at)
        for name, item in value.items():
            if SECRET_NAME.search(name) or (
                is_header_map and SECRET_HEADER.search(name)
            ):
                yield from _texts(item, (*at, name))
            else:
                yield from _well_known(item, (*at, name))


def redact(
    kind: str, document: Document, *, key: bytes, encrypt_fields: EncryptFields
) -> Document:
    """Return a copy in which each secret is replaced by its fingerprint."""
    shown = copy.deepcopy(document)
    for path, value in secret_paths(kind, document, encrypt_fields=encrypt_fields):
        if not REDACTED.fullmatch(value):
            _put(shown, path, fingerprint(value, key))
    return shown


def secrets_in(
    kind: str, document: Document, *, encrypt_fields: EncryptFields
) -> set[str]:
    """Return every secret text of the document."""
    return {v for _, v in secret_paths(kind, document, encrypt_fields=encrypt_fields)}


def resolve(
    kind: str,
    wanted: Document,
    live: Document,
    *,
    key: bytes,
    encrypt_fields: EncryptFields,
) -> tuple[Document, list[str]]:
    """Put back the secrets that redacted values in `wanted` stand for.

    Each only where the live document holds that very secret at the same path; elements
    of arrays are told by fingerprint, not by index. Returns a copy and the dotted paths
    of redacted values that stand for nothing there.
    """
    held: dict[tuple[Path, str], str] = {
        (_any_index(path), fingerprint(value, key)): value
        for path, value in secret_paths(kind, live, encrypt_fields=encrypt_fields)
    }
    whole, unresolved = copy.deepcopy(wanted), []
    for path, value in list(_texts(wanted, ())):
        if not REDACTED.fullmatch(value):
            continue
        secret = held.get((_any_index(path), value))
        if secret is None:
            unresolved.append(".".join(str(part) for part in path))
        else:
            _put(whole, path, secret)
    return whole, unresolved


def scrub(text: str, secrets: Set[str], *, key: bytes | None = None) -> str:
    """Return the text with every secret in it replaced, by its fingerprint under `key`.

    Finds secrets as they are, escaped as in JSON, and cut off at the end of the text.
    A short one counts only as a word of its own, else it would blank half the text.
    """
    for secret in sorted(secrets - {""}, key=len, reverse=True):
        mark = HIDDEN if key is None else fingerprint(secret, key)
        for form in {secret, json.dumps(secret)[1:-1], _lua_json(secret)}:
            if len(form) < SHORT:
                form_alone = rf"(?<![\w]){re.escape(form)}(?![\w])"
                text = re.sub(form_alone, mark, text)
            else:
                text = text.replace(form, mark)
                text = _without_beginning_at_end(text, form, mark)
    return text


def _lua_json(secret: str) -> str:
    """Return the text as lua-cjson writes it within a JSON text."""
    return json.dumps(secret, ensure_ascii=False)[1:-1].replace("/", "\\/")


def _without_beginning_at_end(text: str, secret: str, mark: str) -> str:
    """Replace the beginning of a secret that the text ends with, after a cut."""
    bare = text.removesuffix("…")
    for size in range(min(len(secret) - 1, len(bare)), SHORT - 1, -1):
        if bare.endswith(secret[:size]):
            return bare[:-size] + mark
    return text


def secrets_to_new_destinations(
    kind: str, base: Document, wanted: Document, *, encrypt_fields: EncryptFields
) -> Iterator[tuple[str, str]]:
    """Yield (secret's path, destination's path) where a kept secret will go elsewhere.

    A plugin's secrets follow the addresses in its own configuration; a client key and
    the headers that proxy-rewrite sets follow the upstream.
    """
    before = dict(secret_paths(kind, base, encrypt_fields=encrypt_fields))
    for path, value in secret_paths(kind, wanted, encrypt_fields=encrypt_fields):
        if before.get(path) != value:
            continue
        scope: Path = path[:2] if path[0] == "plugins" else ()
        changed = _changed_destination(_at(base, scope), _at(wanted, scope), scope)
        follows_upstream = not scope or scope[1:] == ("proxy-rewrite",)
        if changed is None and follows_upstream:
            changed = next(
                (name for name in UPSTREAM_NAMES if base.get(name) != wanted.get(name)),
                None,
            )
        if changed is not None:
            yield ".".join(str(part) for part in path), changed


def _changed_destination(before: Any, after: Any, at: Path) -> str | None:
    """Return the path of the first changed value under a destination's name."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return None
    for name in sorted({*before, *after}):
        one, other = before.get(name), after.get(name)
        if one == other or (not at and name in ("plugins", *UPSTREAM_NAMES)):
            continue
        path = (*at, name)
        if DESTINATION.search(name):
            return ".".join(str(part) for part in path)
        if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
            for pair in zip(one, other, strict=True):
                if found := _changed_destination(*pair, path):
                    return found
        if found := _changed_destination(one, other, path):
            return found
    return None


def _any_index(path: Path) -> Path:
    return tuple("*" if isinstance(part, int) else part for part in path)


def _at(value: Any, path: Path) -> Any:
    for part in path:
        value = value[part]
    return value


def _put(document: Any, path: Path, value: str) -> None:
    _at(document, path[:-1])[path[-1]] = value
