"""Where counts are kept (portal/rate_limits.py): CACHE_URL, else beside the broker."""

import re
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.core.exceptions import ImproperlyConfigured
from redis import ConnectionPool
from redis.exceptions import RedisError

# Seconds. Whoever signs in or calls waits for it, and counting can do without.
PATIENCE = 1.0
# Counters of one process. Django's own 300 would push out those of a busy minute.
ROOM = 20_000
# Redis and Valkey have that many unless told otherwise.
DATABASES = 16


def configuration(cache_url: str, *, broker_url: str) -> dict[str, dict[str, Any]]:
    """Return Django's CACHES: `default` for all processes, `local` for each its own.

    Raises ImproperlyConfigured for an address that cannot be used.
    """
    try:
        default = _cache(cache_url or beside(broker_url))
    except (TypeError, ValueError, RedisError):
        name = "CACHE_URL" if cache_url else "CELERY_BROKER_URL"
        # Without the cause, which may quote a part of a password.
        raise ImproperlyConfigured(
            f"{name} cannot be read. Write the port as a number, percent-encode what is "
            "special in a password, and leave out options that redis-py does not know."
        ) from None
    return {"default": default, "local": _memory("local")}


def beside(broker_url: str) -> str:
    """Return the URL of a cache on the broker's server, in another of its databases.

    A broker that is not plainly one Redis server gives each process a cache of its own.
    """
    url = urlsplit(broker_url)
    query = dict(parse_qsl(url.query))
    # Where Celery looks for it; a socket's path is no database.
    is_socket = url.scheme == "redis+socket"
    database = query.get("virtual_host", "") if is_socket else url.path[1:]
    if url.scheme not in {"redis", "rediss", "redis+socket"} or not re.fullmatch(
        r"[0-9]*", database
    ):
        return "locmemcache://"
    other = (int(database or 0) + 1) % DATABASES
    if is_socket:
        return f"rediscache://{url.netloc}{url.path}?db={other}"
    options = {
        # Celery also takes the names that Python's constants have.
        name: value.removeprefix("CERT_").lower() if name == "ssl_cert_reqs" else value
        for name, value in query.items()
        if name.startswith("ssl_")
    }
    return f"{url.scheme}://{url.netloc}/{other}?{urlencode(options)}".rstrip("?")


def _cache(address: str) -> dict[str, Any]:
    url = urlsplit(address)
    if url.scheme == "locmemcache":
        return _memory("default")
    if url.scheme not in {"rediscache", "redis", "rediss"}:
        raise ImproperlyConfigured(
            "CACHE_URL must be rediscache://HOST:PORT/DATABASE, with TLS rediss://…, "
            "through a socket rediscache:///PATH?db=DATABASE, or locmemcache:// to let "
            "each process count for itself."
        )
    # Nothing behind the password's @: no host, so the path is a socket's.
    has_host = url.netloc.rpartition("@")[2]
    scheme = url.scheme.removesuffix("cache") if has_host else "unix"
    location = address.replace(url.scheme, scheme, 1)
    patience = {"socket_connect_timeout": PATIENCE, "socket_timeout": PATIENCE}
    # Nothing is sent: what is wrong with it shows now, not when somebody signs in.
    ConnectionPool.from_url(location, **patience).make_connection()
    return {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        # A list: commas and semicolons, as in a password, would part servers.
        "LOCATION": [location],
        "KEY_PREFIX": "gatehouse",
        # The address's own query wins over these.
        "OPTIONS": patience,
    }


def _memory(name: str) -> dict[str, Any]:
    return {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": name,
        "OPTIONS": {"MAX_ENTRIES": ROOM},
    }
