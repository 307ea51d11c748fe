"""A path means to a gateway exactly what its template means, whichever router it has."""

import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gateway.openapi.errors import OpenAPIError
from gateway.openapi.paths import PARAMETER, matching, read_template
from gateway.router.match import Mode, Request, Router

# What routers read as more than itself stands among the letters.
LETTERS = "ab.+:*(-~$"
texts = st.text(LETTERS, max_size=3)
segments = st.one_of(
    texts,
    st.just("{x}"),
    st.tuples(texts, texts).map(lambda two: f"{two[0]}{{y}}{two[1]}"),
)
templates = st.lists(segments, min_size=1, max_size=4).map(lambda s: "/" + "/".join(s))
paths = st.lists(texts, min_size=1, max_size=4).map(lambda s: "/" + "/".join(s))


def fits(template: str, path: str) -> bool:
    """Say whether a path is one of a template's, by OpenAPI's own words."""
    pieces = PARAMETER.split(template)
    pattern = "".join(
        "[^/]+" if at % 2 else re.escape(piece) for at, piece in enumerate(pieces)
    )
    return re.fullmatch(pattern, path) is not None


def answers(route: dict[str, object], path: str, mode: Mode) -> bool:
    router = Router([route | {"id": "r", "upstream_id": "u"}], mode=mode)
    assert not router.skipped
    return router.match(Request(path=path)) is not None


@settings(max_examples=600)
@given(
    templates, paths, st.sampled_from([None, *Mode]), st.sampled_from(Mode), st.data()
)
def test_a_route_takes_what_its_template_takes_and_nothing_else(
    template: str, path: str, told: Mode | None, real: Mode, data: st.DataObject
) -> None:
    assume(told is None or told is real)
    if data.draw(st.booleans()):
        # Most paths fit no template: fill in this one's parameters.
        path = PARAMETER.sub(
            lambda _: data.draw(st.text("ab+:", min_size=1, max_size=2)), template
        )
    route = matching(read_template(template), told)

    assert answers(route, path, real) is fits(template, path)


def test_the_form_follows_the_router() -> None:
    template = read_template("/pets/{petId}/photo", base="/v1/")

    assert matching(template, Mode.URI_WITH_PARAMETER) == {
        "uri": "/v1/pets/:petId/photo"
    }
    precise = {"uri": "/v1/pets/*", "vars": [["uri", "~~", "^/v1/pets/[^/]+/photo$"]]}
    for mode in (None, Mode.URI, Mode.HOST_URI):
        assert matching(template, mode) == precise
    assert matching(read_template("/a:b"), Mode.HOST_URI) == {"uri": "/a:b"}


@pytest.mark.parametrize(
    ("heavy", "light"),
    [
        ("/a/{x}/b", "/a/{x}/{y}"),
        ("/a/{x}/b/{y}", "/a/{x}/{y}/c"),
        ("/a/{x}.json", "/a/{x}"),
    ],
)
def test_of_two_that_fit_the_more_definite_weighs_more(heavy: str, light: str) -> None:
    one, other = read_template(heavy), read_template(light)

    assert one.is_also(other)
    assert one.weight > other.weight


def test_what_the_gateway_decodes_is_compared_decoded() -> None:
    assert matching(read_template("/caf%C3%A9"), None) == {"uri": "/café"}


@pytest.mark.parametrize(
    "path", ["pets", "/a?b=c", "/a b", "/a/{x", "/a/x}", "/{}", "/a#b"]
)
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(OpenAPIError):
        read_template(path)
