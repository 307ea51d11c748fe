"""Requests below a path such as /v2 go to that version: a route beside the first."""

import hashlib

from gateway.effective import texts
from gateway.recipes.recipe import Recipe
from gateway.recipes.route import Document, DoesNotFit, RouteNow, Work, bare
from gateway.recipes.settings import Settings, flag, text
from gateway.recipes.versions import GROUP, TARGET, Target

ID_LIMIT, NAME_LIMIT, URI_LIMIT = 64, 100, 4096
REWRITE = "proxy-rewrite"


def make(settings: Settings, work: Work) -> None:
    target, prefix = Target(settings, work), settings["prefix"]
    now = work.now
    uris = [f"{prefix}/{uri.removeprefix('/')}" for uri in _uris(now)]
    if any(len(uri) > URI_LIMIT for uri in uris):
        raise DoesNotFit("A path of the route is too long to stand below another one.")
    beside = _id_beside(now.id, prefix)
    present = now.find("route", beside)
    if present is None:
        route = bare(now.document)
        if isinstance(route.get("name"), str):
            route["name"] = f"{route['name'][: NAME_LIMIT - 30]} {prefix[1:]}"[
                :NAME_LIMIT
            ]
        for name in ("uri", "uris", "upstream", "upstream_id"):
            route.pop(name, None)
        work.refuse_secrets(route, "the route")
    else:
        route = bare(present)
        if set(texts(route.pop("uris", None)) or texts(route.pop("uri", None))) != set(
            uris
        ):
            raise DoesNotFit(
                f"The gateway has another route {beside} already. Choose another prefix."
            )
        for name in ("uri", "upstream", "upstream_id"):
            route.pop(name, None)
    route |= {"uri": uris[0]} if len(uris) == 1 else {"uris": uris}
    route |= target.as_share()
    if settings["strip"]:
        _strip(prefix, route, work)
    work.write("route", beside, {"id": beside} | route)
    work.sets(
        f"A route beside this one answers {', '.join(uris[:3])} and goes to "
        f"{target.words}, with the same hosts, methods and plugins."
    )
    if settings["strip"]:
        work.sets(f"The server gets the path without {prefix}.")
    work.then(f"Tell callers to put {prefix} before the path for the new version.")


def _uris(now: RouteNow) -> list[str]:
    uris = texts(now.document.get("uris")) or texts(now.document.get("uri"))
    if not uris:
        raise DoesNotFit("The route names no path that another could stand beside.")
    return uris


def _strip(prefix: str, route: Document, work: Work) -> None:
    """Let the server get the path without the prefix. Raises DoesNotFit."""
    pair = [f"^{prefix.replace('.', chr(92) + '.')}/(.*)$", "/$1"]
    inherited = work.settings_of(REWRITE)
    plugins = route.get("plugins")
    plugins = dict(plugins) if isinstance(plugins, dict) else {}
    own = plugins.get(REWRITE)
    settings = dict(own) if isinstance(own, dict) else inherited
    if settings.get("uri"):
        return  # the server gets one and the same path anyway
    if settings.get("regex_uri") not in (None, pair):
        raise DoesNotFit(
            "proxy-rewrite rewrites the path of the route already. Leave strip off, and "
            "rewrite the path of the new route as it needs."
        )
    plugins[REWRITE] = settings | {"regex_uri": pair}
    work.refuse_secrets(plugins[REWRITE], "proxy-rewrite")
    route["plugins"] = plugins


def _id_beside(route_id: str, prefix: str) -> str:
    """Return the id of the route beside: the same whenever it is asked for."""
    beside = f"{prefix.strip('/').replace('/', '-').replace('~', '-')}-{route_id}"
    if len(beside) <= ID_LIMIT:
        return beside
    mark = hashlib.sha256(beside.encode()).hexdigest()[:8]
    return f"{beside[: ID_LIMIT - 9]}-{mark}"


RECIPE = Recipe(
    name="version-by-path",
    title="Choose a version by path",
    description="A second route below a path such as /v2 goes to another server.",
    group=GROUP,
    plugins=(REWRITE,),
    properties={
        "prefix": text(
            "Prefix",
            "What stands before the path for this version.",
            default="/v2",
            example="/v2",
            maxLength=100,
            pattern=r"^(/[A-Za-z0-9._~-]+)+$",
        ),
    }
    | TARGET
    | {
        "strip": flag(
            "Leave the prefix out",
            "The server of the new version gets the path without the prefix.",
            default=True,
        )
    },
    make=make,
    example={"prefix": "/v2", "url": "http://10.0.0.9:8080"},
)
