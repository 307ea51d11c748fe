"""A document that somebody wants a gateway to serve, as every door hands it over."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext

from gateway.canonical import canonical
from gateway.models import Gateway
from gateway.openapi.convert import Options, is_spec_name
from gateway.router.match import Mode
from portal.changes.asked import ChangeAsked
from portal.changes.errors import Malformed
from portal.changes.terms import Terms
from portal.outbound import OutboundError, Reach, fetch

FORMAT = "openapi"
URL_LIMIT = 2_000
# Seconds that a document's address may take to give all of it.
FETCH_SECONDS = 20.0
ACCEPT = "application/json, application/yaml, text/yaml, */*;q=0.5"


@dataclass(frozen=True, kw_only=True)
class DocumentAsked:
    """A document and how it is meant. What it says no more stays, unless `delete_missing`.

    `url` is where it was fetched from, if it was, see `told_url`.
    """

    gateway: Gateway
    source: bytes
    reason: str = ""
    url: str = ""
    options: Options = field(default_factory=Options)
    delete_missing: bool = False
    title: str = ""
    idempotency_key: str = ""
    conversation: str = ""
    terms: Terms = Terms()

    @property
    def format(self) -> str:
        return FORMAT

    def as_change(self) -> ChangeAsked:
        """Return the request for a change, its items not worked out yet."""
        told = canonical([FORMAT, self.delete_missing, self.options_told()])
        return ChangeAsked(
            gateway=self.gateway,
            reason=self.reason,
            title=self.title,
            items=(),
            idempotency_key=self.idempotency_key,
            conversation=self.conversation,
            terms=self.terms,
            source=hashlib.sha256(told + self.source).hexdigest(),
        )

    def options_told(self) -> dict[str, Any]:
        """Return the options as JSON; `options_of` reads them."""
        told = self.options
        return {
            "spec": told.spec,
            "per": "path" if told.per_path else "operation",
            "server": told.server,
            "variables": dict(told.variables),
            "base_url": told.base_url,
            "hosts": list(told.hosts),
            "auth": told.auth,
            "validate": told.validate,
            "url": self.url,
        }


def options_of(told: Mapping[str, Any], gateway: Gateway, *, url: str = "") -> Options:
    """Return options from JSON that has their form; a document's own URL is its base.

    Raises Malformed.
    """
    spec = told.get("spec", "")
    if spec and not is_spec_name(spec):
        raise Malformed(
            gettext("Name the document in up to 40 small letters, digits and '-'."),
            field="spec",
        )
    return Options(
        spec=spec,
        per_path=told.get("per") == "path",
        server=told.get("server", ""),
        variables=dict(told.get("variables", {})),
        base_url=told.get("base_url", "") or url,
        hosts=tuple(told.get("hosts", ())),
        auth=told.get("auth", True),
        validate=told.get("validate", False),
        mode=Mode(gateway.router) if gateway.router else None,
    )


def told_url(url: str) -> str:
    """Return a URL as it is kept: what follows `?` may hold somebody's key."""
    return url.partition("#")[0].partition("?")[0]


def fetched(url: str, *, limit: int) -> bytes:
    """Return what is at a public address. Raises Malformed (field `url`)."""
    try:
        answer = fetch(
            "GET",
            url,
            reach=Reach.PUBLIC,
            seconds=FETCH_SECONDS,
            headers={"Accept": ACCEPT},
            limit=limit,
        )
    except OutboundError as error:
        raise Malformed(str(error), field="url") from error
    if answer.status != 200:
        raise Malformed(
            gettext(
                "The address answers %(status)s. Give one that answers 200 with the "
                "document itself; redirects are not followed."
            )
            % {"status": answer.status},
            field="url",
        )
    if answer.is_cut:
        raise Malformed(
            gettext("What is there is larger than %(limit)s bytes. Split it.")
            % {"limit": f"{limit:,}"},
            field="url",
        )
    return answer.content
