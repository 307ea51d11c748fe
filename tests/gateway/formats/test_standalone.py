"""`apisix.yaml`: holds every kind, and says what is wrong with a bad one."""

import pytest
import yaml
from hypothesis import given

from gateway.formats import standalone
from gateway.formats.contents import normal
from gateway.formats.errors import FormatError
from tests.gateway.formats.documents import Documents, everything


def read(text: str) -> Documents:
    return standalone.read(text.encode()).documents


def refusal(text: str) -> FormatError:
    with pytest.raises(FormatError) as caught:
        standalone.read(text.encode())
    return caught.value


@given(everything)
def test_every_kind_reads_as_it_was_written(documents: Documents) -> None:
    written = standalone.write(documents, head=["Gateway default"])

    assert read(written.text) == normal(documents)


@given(everything)
def test_the_same_resources_make_the_same_file(documents: Documents) -> None:
    backwards = dict(reversed(documents.items()))

    assert standalone.write(backwards) == standalone.write(documents)


def test_apisix_finds_what_it_looks_for() -> None:
    """As config_yaml.lua does: lists of items with ids, and #END within 10 bytes."""
    text = standalone.write(
        {
            ("consumer", "jack"): {"username": "jack"},
            ("credential", "jack/credentials/c1"): {"plugins": {"key-auth": {}}},
            ("plugin_metadata", "http-logger"): {"log_format": {}},
            ("secret", "vault/1"): {"uri": "http://127.0.0.1"},
            ("route", "r1"): {"uri": "/a", "id": "r1", "update_time": 3},
        }
    ).text

    assert "#END" in text[-10:]
    assert yaml.safe_load(text) == {
        "secrets": [{"id": "vault/1", "uri": "http://127.0.0.1"}],
        "plugin_metadata": [{"id": "http-logger", "log_format": {}}],
        "consumers": [
            {"id": "jack", "username": "jack"},
            {"id": "jack/credentials/c1", "plugins": {"key-auth": {}}},
        ],
        "routes": [{"id": "r1", "uri": "/a"}],
    }


def test_a_missing_private_key_is_a_loss_told_above_the_file() -> None:
    written = standalone.write(
        {("ssl", "s1"): {"cert": "…", "sni": "a.example"}}, head=["Gateway default"]
    )

    assert written.losses == (
        "APISIX needs the private key, which gateways never show; add it as key: "
        "ssl certificate s1.",
    )
    assert written.text.startswith(f"# Gateway default\n# {written.losses[0]}\nssls:")


def test_a_route_without_an_id_means_the_same_each_time() -> None:
    """The smallest example of APISIX's own documentation has none."""
    text = "routes:\n- name: {}\n  uri: /hello\n#END\n"

    (first,), (again,) = read(text.format("a")), read(text.format("a"))
    (other,) = read(text.format("b"))

    assert first == again != other
    assert first[0] == "route"


def test_ids_that_are_numbers_are_texts() -> None:
    documents = read("upstreams:\n- id: 1\n  nodes: {'a:1': 1}\n#END")

    assert documents == {("upstream", "1"): {"nodes": {"a:1": 1}}}


def test_what_is_no_resource_is_passed_over_and_said() -> None:
    contents = standalone.read(
        b"plugins:\n- name: cors\nroutes_conf_version: 7\nroutes: []\n#END\n"
    )

    assert contents.documents == {}
    assert contents.passed_over == (
        "plugins is no resource of a gateway.",
        "routes_conf_version is no resource of a gateway.",
    )


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("routes: []\n", 2, "does not end with #END"),
        ("- a\n#END", 1, "The file must be an object"),
        ("routes: []\nroads: []\n#END", 2, 'no kind "roads"'),
        ("routes: 1\n#END", 1, "routes must be a list"),
        ("routes:\n- id: a\n- 7\n#END", 3, "An item of routes must be an object"),
        ("routes:\n- id: a\n- id: a\n#END", 3, "began in line 2"),
        ("routes:\n- id: a b\n#END", 2, "no id for a route"),
        ("routes:\n- id: {}\n#END", 2, "id of a route must be a text"),
        ("routes:\n- id: true\n#END", 2, "id of a route must be a text"),
        ("consumers:\n- plugins: {}\n#END", 2, "needs a username"),
        ("consumers:\n- id: j k/credentials/c\n#END", 2, "no id for a credential"),
        ("secrets:\n- uri: a\n#END", 2, "needs an id"),
        ("secrets:\n- id: hsm/1\n#END", 2, "no id for a secret"),
        ("plugin_metadata:\n- a: 1\n#END", 2, "needs an id"),
        (
            "stream_routes:\n"
            "- {id: a, protocol: {superior_id: b}}\n"
            "- {id: b, protocol: {superior_id: a}}\n#END",
            2,
            "a → b → a",
        ),
        (
            "stream_routes:\n- {id: a, protocol: {superior_id: a}}\n#END",
            2,
            "refer to each other in a circle",
        ),
    ],
)
def test_a_bad_file_is_told_in_words_with_its_line(
    text: str, line: int, words: str
) -> None:
    error = refusal(text)

    assert error.line == line
    assert words in str(error)
