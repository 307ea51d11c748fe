"""Whatever is configured, the checks answer; they never break."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sandbox.answers import Refused
from gateway.sandbox.checks import Candidate, check, check_metadata
from gateway.sandbox.schemas import (
    KIND_SCHEMAS,
    PLUGINS,
    SECRET_SCHEMAS,
    STREAM_PLUGINS,
)
from gateway.sandbox.store import Store

SAMPLES = 60
TEXTS = (
    *("a", "/a", "*", "(", "[", "$a", "${a}", "$secret://vault/1/a", "1.2.3.4"),
    *("::1/64", "http://a.b:80/c", "example.org", "GET", "function() end", "0.0.0"),
    *("a:b", "", "ä", "\r\n", "x" * 130, "{}", '{"a": 1}', "127.0.0.1:70000"),
)
ANY = (None, True, 0, -1, 1.5, "a", [], {}, [1], [[]], {"a": 1}, [None], {"a": None})


class Sampler:
    """Draws values that a schema may like, and now and then one that it does not."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)  # noqa: S311 - the same in every run

    def draw(self, schema: Any, depth: int = 0) -> Any:
        if not isinstance(schema, dict) or depth > 8 or self._random.random() < 0.03:
            return self._random.choice(ANY)
        if "const" in schema or "enum" in schema:
            return self._random.choice([*schema.get("enum", ()), schema.get("const")])
        for part in ("anyOf", "oneOf"):
            if part in schema and "properties" not in schema:
                below = self._random.choice(schema[part])
                if "required" not in below or "properties" in below:
                    return self.draw(below, depth + 1)
        kind = schema.get("type", "object" if "properties" in schema else None)
        draw = getattr(self, f"_{kind}", None)
        return draw(schema, depth) if draw else self._random.choice(ANY)

    def _object(self, schema: dict[str, Any], depth: int) -> Any:
        wanted = set(schema.get("required", ()))
        for part in ("anyOf", "oneOf"):
            for below in self._random.sample(
                schema.get(part, []), k=1 * (part in schema)
            ):
                wanted |= set(below.get("required", ()))
        known = schema.get("properties", {})
        members = {
            name: self.draw(below, depth + 1)
            for name, below in known.items()
            if name in wanted or self._random.random() < 0.25
        }
        for below in schema.get("patternProperties", {}).values():
            for name in self._random.sample(("a", "X-A", "header", "200"), k=2):
                members[name] = self.draw(below, depth + 1)
        return members

    def _array(self, schema: dict[str, Any], depth: int) -> Any:
        count = self._random.randint(schema.get("minItems", 0), 3)
        return [self.draw(schema.get("items"), depth + 1) for _ in range(count)]

    def _string(self, schema: dict[str, Any], depth: int) -> str:
        drawn = self._random.choice(TEXTS)
        return drawn + "a" * max(0, schema.get("minLength", 0) - len(drawn))

    def _integer(self, schema: dict[str, Any], depth: int) -> int:
        least = int(schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1))
        return self._random.randint(least, max(least, int(schema.get("maximum", 9))))

    def _number(self, schema: dict[str, Any], depth: int) -> float:
        return self._integer(schema, depth) + self._random.choice((0, 0.5))

    def _boolean(self, schema: dict[str, Any], depth: int) -> bool:
        return self._random.random() < 0.5


def samples(schema: Any, seed: str) -> list[Any]:
    return [Sampler(f"{seed}-{number}").draw(schema) for number in range(SAMPLES)]


def refusal(kind: str, document: Any, store: Store, own_id: str) -> str | None:
    """Return why a document is refused, None when it is not."""
    try:
        check(kind, Candidate(document=document, own_id=own_id), store)
    except Refused as refused:
        return str(refused)
    return None


@pytest.mark.parametrize("name", sorted(PLUGINS))
def test_no_configuration_of_a_plugin_breaks_its_check(name):
    plugin = PLUGINS[name]
    answers = [
        plugin.failure(value) for value in samples(plugin.full_schema(), f"{name}-1")
    ]
    for value in samples(plugin.consumer_schema, f"{name}-2"):
        answers.append(plugin.failure(value, of_consumer=True))
    for value in samples(plugin.metadata_schema, f"{name}-3"):
        answers.append(plugin.metadata_failure(value))

    assert all(answer is None or answer for answer in answers)


@pytest.mark.parametrize("name", sorted(STREAM_PLUGINS))
def test_no_configuration_of_a_stream_plugin_breaks_its_check(name):
    plugin = STREAM_PLUGINS[name]

    for value in samples(plugin.full_schema(), name):
        assert plugin.failure(value) is None or plugin.failure(value)


@pytest.mark.parametrize("kind", sorted([*KIND_SCHEMAS, "secret"]))
def test_no_document_breaks_the_check_of_its_kind(kind):
    store = Store()
    schema = KIND_SCHEMAS.get(kind) or SECRET_SCHEMAS["vault"]
    for document in samples(schema, kind):
        if not isinstance(document, dict):
            continue
        assert refusal(kind, document, store, "vault/1") != ""


JSON = st.recursive(
    st.sampled_from(ANY),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["plugins", "upstream", "nodes", "uri", "vars", "tls"]),
            inner,
        ),
    ),
    max_leaves=8,
)


@given(
    kind=st.sampled_from(sorted(KIND_SCHEMAS)),
    document=st.dictionaries(
        st.sampled_from(["uri", "upstream", "plugins", "vars", "username", "content"]),
        JSON,
    ),
)
def test_no_json_object_breaks_any_check(kind, document):
    assert refusal(kind, document, Store(), "a") != ""


def test_metadata_of_an_unknown_plugin_is_refused():
    with pytest.raises(Refused, match="invalid plugin name"):
        check_metadata("nosuch", {})
