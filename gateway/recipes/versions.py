"""A second version beside the present one, by traffic-split. Pure.

https://apisix.apache.org/docs/apisix/plugins/traffic-split/: the first rule that matches
decides; a share without an upstream goes where the route goes anyway.
"""

from copy import deepcopy

from gateway.merge import MergeError, expand_upstream_url
from gateway.nodes import nodes_of
from gateway.recipes.route import Document, Work
from gateway.recipes.settings import Schema, Settings, WrongSettings, text

GROUP = "Where it goes"
PLUGIN = "traffic-split"
# What the second version's server is treated by as the present one is.
TREATED_ALIKE = ("pass_host", "upstream_host", "timeout", "retries", "retry_timeout")

TARGET: dict[str, Schema] = {
    "url": text(
        "Server of the new version",
        "Scheme, host and port; or name an upstream below.",
        example="http://10.0.0.9:8080",
    ),
    "upstream_id": text(
        "Or an upstream",
        "The id of an upstream that the gateway holds.",
        maxLength=64,
        pattern=r"^[A-Za-z0-9_.-]+$",
    ),
}


class Target:
    """Where the other version is: a server, or an upstream of the gateway."""

    def __init__(self, settings: Settings, work: Work) -> None:
        """Read it. Raises WrongSettings."""
        url, upstream_id = settings.get("url"), settings.get("upstream_id")
        if (url is None) is (upstream_id is None):
            raise WrongSettings(
                ("url", "Give either url or upstream_id: where the new version is.")
            )
        self.upstream: Document = {}
        self.upstream_id: str | None = upstream_id
        if upstream_id is not None:
            if work.now.find("upstream", upstream_id) is None:
                raise WrongSettings(
                    (
                        "upstream_id",
                        f"The gateway holds no upstream {upstream_id}. Look up its id.",
                    )
                )
            self.words = f"upstream {upstream_id}"
            return
        self.upstream = _upstream(str(url), work)
        (node,) = nodes_of(self.upstream)
        self.words = node.address

    def as_share(self) -> Document:
        """Return it as a share of traffic-split or part of a route."""
        if self.upstream_id is not None:
            return {"upstream_id": self.upstream_id}
        return {"upstream": deepcopy(self.upstream)}

    def is_aim_of(self, share: Document) -> bool:
        """Say whether a share of traffic-split goes there."""
        if self.upstream_id is not None:
            return str(share.get("upstream_id")) == self.upstream_id
        other = share.get("upstream")
        return isinstance(other, dict) and _place(other) == _place(self.upstream)


def _upstream(url: str, work: Work) -> Document:
    try:
        expanded = expand_upstream_url({"url": url}, field="url")
    except MergeError as error:
        raise WrongSettings(("url", str(error))) from error
    if expanded["scheme"] not in ("http", "https", "grpc", "grpcs"):
        raise WrongSettings(
            ("url", "Begin with http://, https://, grpc:// or grpcs://.")
        )
    upstream = {name: value for name, value in expanded.items() if value is not None}
    present = work.now.effective.upstream or {}
    alike = {name: deepcopy(present[name]) for name in TREATED_ALIKE if name in present}
    return {"type": "roundrobin"} | upstream | alike


def _place(upstream: Document) -> tuple[str, set[str]]:
    addresses = {node.address for node in nodes_of(upstream)}
    return str(upstream.get("scheme", "http")), addresses


def rules_of(work: Work) -> list[Document]:
    """Return the rules that the route has now."""
    rules = work.settings_of(PLUGIN).get("rules")
    return [rule for rule in rules or [] if isinstance(rule, dict)]


def for_all(rules: list[Document]) -> int:
    """Return the index of the first rule that takes every request, or of the end."""
    return next(
        (i for i, rule in enumerate(rules) if not rule.get("match")), len(rules)
    )
