"""Requests to try with one click: those of late, kept with one's session, or examples."""

from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit, urlunsplit

from gateway.effective import service_of
from gateway.mirrored import Mirrored
from gateway.models import Gateway, Resource
from portal.web.gateways.try_forms import example_of
from portal.web.pages import PersonRequest

SHOWN, EXAMPLES = 5, 3
LENGTH_LIMIT = 300
TRIED = "tried"


@dataclass(frozen=True)
class Tried:
    method: str
    url: str

    @property
    def query(self) -> str:
        """The query of a link that tries it at once."""
        return urlencode({"method": self.method, "url": self.url})


def keep_tried(request: PersonRequest, gateway: Gateway, method: str, url: str) -> None:
    """Keep a request with the session, without its query: that may hold a secret."""
    at = urlsplit(url)
    bare = urlunsplit((at.scheme, at.netloc, at.path, "", ""))
    if len(bare) > LENGTH_LIMIT:
        return
    held = request.session.get(TRIED, {})
    others = [one for one in held.get(gateway.slug, []) if one != [method, bare]]
    kept = [[method, bare], *others][:SHOWN]
    request.session[TRIED] = held | {gateway.slug: kept}


def tried_lately(request: PersonRequest, gateway: Gateway) -> list[Tried]:
    """Return what this person tried there of late, the latest first."""
    held = request.session.get(TRIED, {})
    return [Tried(method, url) for method, url in held.get(gateway.slug, [])]


def examples_of(gateway: Gateway) -> list[Tried]:
    """Return requests that some of its routes are for. Two queries."""
    routes = Resource.objects.filter(gateway=gateway, kind="route")
    rows = routes.order_by("by_name").values_list("document", flat=True)[:EXAMPLES]
    documents, held = [one for one in rows if isinstance(one, dict)], Mirrored(gateway)
    held.look_up("service", filter(None, map(service_of, documents)))
    return [Tried(**example_of(one, gateway, held.find)) for one in documents]
