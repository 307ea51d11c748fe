"""Backups: lossless, sealed, bound to what they are of; damage is told."""

from typing import Any

import orjson
import pytest
from hypothesis import given

from gateway import sealing
from gateway.formats import backup
from gateway.formats.backup import Backup, Header
from gateway.formats.contents import normal
from gateway.formats.errors import FormatError
from gateway.kinds import KINDS
from gateway.secret_fields import secrets_in
from tests.gateway.formats.documents import Documents, everything

JACK = {
    ("consumer", "jack"): {
        "username": "jack",
        "plugins": {"key-auth": {"key": "jacks-secret-key"}},
    },
    ("route", "r1"): {"uri": "/a"},
}


def has_secrets(kind: str, document: dict[str, Any]) -> bool:
    return bool(secrets_in(kind, document, encrypt_fields={}))


def header(**fields: Any) -> Header:
    told: dict[str, Any] = {
        "gateway": "default",
        "taken_at": "2026-11-21T14:00:00Z",
        "apisix": "3.18.0",
        "kinds": tuple(KINDS),
        "key": sealing.key_fingerprints()[0],
    }
    return Header(**(told | fields))


def written(documents: Documents, **fields: Any) -> str:
    return backup.write(
        header(**fields), documents, has_secrets=has_secrets, seal=sealing.seal
    )


def read(text: str | bytes) -> Backup:
    return backup.read(
        text.encode() if isinstance(text, str) else text,
        keys=sealing.key_fingerprints(),
        unseal=sealing.unseal,
    )


def refusal(text: str | bytes) -> FormatError:
    with pytest.raises(FormatError) as caught:
        read(text)
    return caught.value


@given(everything)
def test_every_kind_reads_as_it_was_written(documents: Documents) -> None:
    found = read(written(documents))

    assert found.header == header()
    assert found.contents.documents == normal(documents)


@given(everything)
def test_without_secrets_nothing_is_sealed(documents: Documents) -> None:
    text = written(documents, key="")

    assert not any("sealed" in orjson.loads(line) for line in text.split("\n")[:-1])
    assert read(text).contents.documents == normal(documents)


def test_no_secret_can_be_read_in_the_file() -> None:
    text = written(JACK)

    assert "jacks-secret-key" not in text
    assert '"uri":"/a"' in text
    assert read(text).contents.documents == JACK


def test_a_key_that_was_rotated_away_is_named(settings: Any) -> None:
    text = written(JACK)
    old = sealing.key_fingerprints()[0]
    settings.FIELD_ENCRYPTION_KEY = "b25seS1mb3ItdGhlLWNoZWNrLW9ubHktZm9yLXRoZS0="

    error = refusal(text)

    assert error.line == 1
    assert f"sealed with the key {old}" in str(error)
    assert "at the end of that list" in str(error)


def test_a_key_that_only_decrypts_still_opens_it(settings: Any) -> None:
    text = written(JACK)
    settings.FIELD_ENCRYPTION_KEY = (
        "b25seS1mb3ItdGhlLWNoZWNrLW9ubHktZm9yLXRoZS0=," + settings.FIELD_ENCRYPTION_KEY
    )

    assert read(text).contents.documents == JACK


@pytest.mark.parametrize(
    ("name", "value"), [("id", "jill"), ("kind", "consumer_group")]
)
def test_a_sealed_secret_cannot_be_carried_elsewhere(name: str, value: str) -> None:
    first, jack, *rest = written(JACK).splitlines()
    moved = orjson.dumps(orjson.loads(jack) | {name: value}).decode()

    error = refusal("\n".join([first, moved, *rest]))

    assert error.line == 2
    assert "belongs to default consumer jack" in str(error)


def test_nor_to_another_gateway() -> None:
    text = written(JACK).replace('"gateway":"default"', '"gateway":"mine"', 1)

    assert "belongs to default consumer jack" in str(refusal(text))


def test_a_sealed_value_that_was_changed_is_told() -> None:
    text = written(JACK)
    at = text.index('"sealed":"') + 60

    error = refusal(text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :])

    assert error.line == 2
    assert "was changed" in str(error)


@pytest.mark.parametrize("kept", [1, 2, 3])
def test_a_file_that_was_cut_off_is_told(kept: int) -> None:
    lines = written(JACK).splitlines()

    assert "cut off" in str(refusal("\n".join(lines[:kept])))


def test_a_file_that_lacks_a_line_is_told() -> None:
    first, _, *rest = written(JACK).splitlines()

    assert 'holds "2" resources, but there are 1' in str(
        refusal("\n".join([first, *rest]))
    )


HEAD = written({}, key="").splitlines()[0]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (b"", 0, "empty"),
        ("routes: []\n#END", 1, "no JSON"),
        ("[]\n", 1, "must be a JSON object"),
        ("{}\n", 1, "no backup of Gatehouse's"),
        ('{"format":"gatehouse-backup","version":2}', 1, "has version"),
        ('{"format":"gatehouse-backup","version":1}', 1, "no whole header"),
        (f'{HEAD}\n{{"kind":"road","id":"a"}}\n{{"end":1}}', 2, "needs a kind"),
        (f'{HEAD}\n{{"kind":["route"],"id":"a"}}\n{{"end":1}}', 2, "needs a kind"),
        (f'{HEAD}\n{{"kind":"route","id":1}}\n{{"end":1}}', 2, "needs a kind"),
        (f'{HEAD}\n{{"kind":"route","id":"a"}}\n{{"end":1}}', 2, "must be an object"),
        (
            f'{HEAD}\n{{"kind":"route","id":"a b","document":{{}}}}\n{{"end":1}}',
            2,
            "no id for a route",
        ),
        (
            f'{HEAD}\n{{"kind":"route","id":"a","document":{{}}}}\n'
            f'{{"kind":"route","id":"a","document":{{}}}}\n{{"end":2}}',
            3,
            "began in line 2",
        ),
        (f"{HEAD}\n{'[' * 3000}\n" + '{"end":1}', 2, "no JSON"),
    ],
)
def test_a_bad_file_is_told_in_words_with_its_line(
    text: str | bytes, line: int, words: str
) -> None:
    error = refusal(text)

    assert error.line == line
    assert words in str(error)
