"""Which fields of a document are secret. Pure.

Those that the gateway's plugin schemas list in `encrypt_fields`, and well-known names
and places, since older gateways list fewer and a plugin may be switched off. When in
doubt a value counts as secret: a hidden harmless value costs a question, a shown
secret costs the secret. A reference to a secret manager is none.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

Document = dict[str, Any]
Path = tuple[str | int, ...]
Found = Iterator[tuple[Path, str]]
# {plugin: dotted fields}, as Schemas.encrypt_fields tells them.
EncryptFields = Mapping[str, Sequence[str]]

REFERENCE = re.compile(r"\$(secret|env)://", re.IGNORECASE)
SECRET_NAME = re.compile(
    r"(?:^|_)(?:pass(?:word|wd|phrase)?|pwd|secret|secret_?key|secret_access_key|"
    r"secret_fallbacks|"
    r"(?:private|client|signing|encryption|access|api|auth|shared|hmac|master)_?key|"
    r"access_?key_secret|proxy_authorization|service_account_json|credentials?_json|"
    r"(?:session|auth|access|refresh|customer|service|id)?_?token)$"
)
SECRET_HEADER = re.compile(
    r"^(?:proxy-)?authorization$|^(?:set-)?cookie$|(?:api|access|auth|secret)-?key|(?:^|-)key$|"
    r"token|secret|password|credential|signature|(?:^|-)auth(?:$|-)",
    re.IGNORECASE,
)
# A variable of a condition that holds what a client proves itself with.
SECRET_VARIABLE = re.compile(
    r"^(?:http|arg|cookie|post_arg)_(?:.*[_.-])?(?:authorization|cookie|api_?key|"
    r"access_?key|token|secret|password|passwd|signature|auth)(?:[_.-].*)?$",
    re.IGNORECASE,
)
# user:password@ in an address.
USERINFO = re.compile(r"^[a-z][a-z0-9+.-]*://[^/?#@\s:]*:[^/?#@\s]+@", re.IGNORECASE)
# A key in the query of an address: ?code=…, &token=….
QUERY_KEY = re.compile(
    r"[?&](?:code|sig|key|"
    r"[\w-]*(?:token|secret|passw(?:or)?d|signature|(?:api|access)[_-]?key))=[^&\s]",
    re.IGNORECASE,
)
# Parts of a document, besides its plugins, that may hold somebody's secret.
OTHER_PLACES = ("vars", "upstream", "checks", "discovery_args", "protocol")
# What no name gives away, for gateways that list no `encrypt_fields`.
KNOWN_FIELDS: EncryptFields = {
    "ai-proxy": ("auth.header", "auth.query"),
    "ai-proxy-multi": (
        "instances.auth.header",
        "instances.auth.query",
        "semantic_opts.embeddings.auth.header",
        "semantic_opts.embeddings.auth.query",
    ),
    "ai-request-rewrite": ("auth.header", "auth.query"),
    "csrf": ("key",),
    "elasticsearch-logger": ("headers",),
    "http-logger": ("auth_header",),
    "jwe-decrypt": ("key",),
    "key-auth": ("key",),
    "loki-logger": ("headers",),
}


def secret_paths(
    kind: str, document: Document, *, encrypt_fields: EncryptFields
) -> Found:
    """Yield (path, value) of every secret text in the document, each once."""
    seen: set[Path] = set()
    for path, value in _candidates(kind, document, encrypt_fields):
        if path not in seen and value and not REFERENCE.match(value):
            seen.add(path)
            yield path, value


def secrets_in(
    kind: str, document: Document, *, encrypt_fields: EncryptFields
) -> set[str]:
    """Return every secret text of the document."""
    return {v for _, v in secret_paths(kind, document, encrypt_fields=encrypt_fields)}


def texts(value: Any, at: Path = ()) -> Found:
    """Yield every text at or below a value."""
    if isinstance(value, str):
        yield at, value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from texts(item, (*at, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from texts(item, (*at, index))


# The same few names come again and again.
@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Say so of clientSecret and client-secret as of client_secret."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_").lower()
    return SECRET_NAME.search(snake) is not None


def _candidates(kind: str, document: Document, encrypt_fields: EncryptFields) -> Found:
    if kind == "ssl":
        for name in ("key", "keys"):
            yield from texts(document.get(name), (name,))
    if kind == "secret":
        yield from _well_known(document, ())
    if kind == "plugin_metadata":
        for fields in (encrypt_fields, KNOWN_FIELDS):
            own = fields.get(str(document.get("id", "")), ())
            yield from _listed(document, own, ())
        yield from _well_known(document, ())
    for place in OTHER_PLACES:
        yield from _well_known(document.get(place), (place,))
    for at in ((), ("upstream",)):
        holder: Any = document.get("upstream") if at else document
        tls = holder.get("tls") if isinstance(holder, dict) else None
        if isinstance(tls, dict):
            yield from texts(tls.get("client_key"), (*at, "tls", "client_key"))
    plugins = document.get("plugins")
    if isinstance(plugins, dict):
        for name, configuration in plugins.items():
            for fields in (encrypt_fields, KNOWN_FIELDS):
                own = fields.get(name, ())
                yield from _listed(configuration, own, ("plugins", name))
            yield from _well_known(configuration, ("plugins", name))


def _listed(value: Any, fields: Sequence[str], at: Path) -> Found:
    """Follow dotted field names, through arrays too, to the texts below them."""
    for field in fields:
        yield from _follow(value, field.split("."), at)


def _follow(value: Any, names: Sequence[str], at: Path) -> Found:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _follow(item, names, (*at, index))
    elif not names:
        yield from texts(value, at)
    elif isinstance(value, dict) and names[0] in value:
        yield from _follow(value[names[0]], names[1:], (*at, names[0]))


def _well_known(value: Any, at: Path) -> Found:
    """Yield texts under names and in places that everybody uses for secrets."""
    if isinstance(value, str):
        if (
            USERINFO.match(value)
            or QUERY_KEY.search(value)
            or _is_header_line(value, at)
        ):
            yield at, value
    elif isinstance(value, list):
        if _is_secret_condition(value):
            yield from texts(value[-1], (*at, len(value) - 1))
        for index, item in enumerate(value):
            yield from _well_known(item, (*at, index))
    elif isinstance(value, dict):
        is_header_map = any("header" in str(part).lower() for part in at)
        for name, item in value.items():
            if is_secret_name(name) or (is_header_map and _is_secret_header(name)):
                yield from texts(item, (*at, name))
            else:
                yield from _well_known(item, (*at, name))


def _is_header_line(value: str, at: Path) -> bool:
    """Say whether it is like "Authorization: …" in a list of headers."""
    name, colon, _ = value.partition(":")
    return (
        bool(colon)
        and any("header" in str(part).lower() for part in at)
        and _is_secret_header(name.strip())
    )


def _is_secret_condition(value: list[Any]) -> bool:
    """Say whether it is like ["http_x_api_key", "==", "…"]."""
    return (
        len(value) > 2
        and isinstance(value[0], str)
        and SECRET_VARIABLE.match(value[0]) is not None
    )


@lru_cache(maxsize=4096)
def _is_secret_header(name: str) -> bool:
    return SECRET_HEADER.search(name) is not None
