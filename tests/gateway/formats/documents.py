"""Made-up documents of every kind, for laws about files."""

import re
from typing import Any

from hypothesis import strategies as st

from gateway.kinds import KINDS

Document = dict[str, Any]
Documents = dict[tuple[str, str], Document]

PLAIN = "abcxyzABCXYZ0189-_."
# What YAML readers take for something else than the text it is.
TRAPS = re.split(
    " ",
    "yes no on off true Null ~ 012 0o17 0x1F 1_000 1:30 2026-01-31 1e5 .5 -.inf .nan "
    "<< = - ? : #END &a *a !!str @ ` % | > [] {} null NULL y n",
)

texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    st.sampled_from([*TRAPS, "", " ", "a\nb\n", "a \n\n b", "\ta", "x: y", "\ufeff"]),
).filter(lambda text: "\x00" not in text)
numbers = st.one_of(
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)
    ),
    max_leaves=12,
)
plugins = st.dictionaries(
    st.sampled_from(["key-auth", "cors", "limit-count", "proxy-rewrite"]),
    st.dictionaries(texts, values, max_size=3),
    max_size=3,
)
plain_ids = st.text(PLAIN, min_size=1, max_size=64).filter(
    lambda text: text not in {".", ".."}
)
usernames = st.text("abcXYZ019_-", min_size=1, max_size=100)


def ids(kind: str) -> st.SearchStrategy[str]:
    """Ids that the gateway takes for a kind."""
    if kind == "consumer":
        return usernames
    if kind == "credential":
        return st.builds("{}/credentials/{}".format, usernames, plain_ids)
    if kind == "secret":
        return st.builds("{}/{}".format, st.sampled_from(["vault", "aws"]), plain_ids)
    return plain_ids


@st.composite
def resource(draw: st.DrawFn, kind: str) -> tuple[tuple[str, str], Document]:
    """One resource: any fields at all, since files must hold what gateways hold."""
    resource_id = draw(ids(kind))
    document: Document = draw(st.dictionaries(texts, values, max_size=4))
    for name in ("id", "create_time", "update_time", "username", "protocol"):
        document.pop(name, None)
    if kind not in {"upstream", "proto", "ssl", "secret", "plugin_metadata"}:
        document["plugins"] = draw(plugins)
    if kind == "consumer":
        document["username"] = resource_id
    return (kind, resource_id), document


everything: st.SearchStrategy[Documents] = st.lists(
    st.one_of([resource(kind) for kind in KINDS]), max_size=12
).map(dict)
