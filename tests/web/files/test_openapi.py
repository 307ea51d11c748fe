"""OpenAPI documents in and out, on their page."""

import json
from typing import Any

import pytest
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client

from gateway.mirror import refresh
from portal.changes.models import ChangeRequest, ImportFile
from portal.changes.tasks import import_one
from tests.changes.conftest import Desk, desk
from tests.openapi_samples import petstore
from tests.web.conftest import sign_in

__all__ = ["desk"]

PAGE = "/gateways/default/openapi/"
YAML = yaml.safe_dump(petstore())


@pytest.fixture
def alice(desk: Desk) -> Client:
    return sign_in(desk.people.alice)


def bring(client: Client, do: str = "send", **fields: Any) -> Any:
    form = {"document": YAML, "reason": "Pets.", "auth": "on", "do": do} | fields
    return client.post(PAGE, form)


def text_of(answer: HttpResponse) -> str:
    return answer.content.decode()


def test_the_gateway_s_page_leads_there(alice: Client) -> None:
    assert PAGE in text_of(alice.get("/gateways/default/routes/"))


def test_a_document_is_sent_for_review(desk: Desk, alice: Client) -> None:
    answer = bring(alice)

    change = ChangeRequest.objects.get()
    assert answer["Location"] == change.get_absolute_url()
    assert change.channel == "import"
    assert change.latest_revision().items.count() == 7


def test_whoever_decides_reads_what_the_gateway_cannot_do(
    desk: Desk, alice: Client
) -> None:
    bring(alice, validate="on")
    change = ChangeRequest.objects.get()

    shown = text_of(sign_in(desk.people.riley).get(change.get_absolute_url()))

    assert "From an OpenAPI document" in shown
    assert "Pet Store 1.0.7" in shown
    assert "contains itself" in shown


def test_a_file_will_do(desk: Desk, alice: Client) -> None:
    file = SimpleUploadedFile("openapi.json", json.dumps(petstore()).encode())

    assert bring(alice, document="", file=file).status_code == 302


def test_a_preview_names_each_operation_and_stores_nothing(
    desk: Desk, alice: Client
) -> None:
    answer = bring(alice, "preview", validate="on")

    shown = text_of(answer)
    assert answer.status_code == 200
    for operation in ("listPets", "createPet", "DELETE:/pets/{petId}"):
        assert operation in shown
    assert "contains itself" in shown
    assert not ChangeRequest.objects.exists()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"document": ""}, "Choose a file, or give its address or its text."),
        ({"url": "https://example.com/a"}, "one of them"),
        ({"reason": ""}, "Say why"),
        ({"document": "a: 1\na: 2"}, "stands twice"),
        ({"variables": "nothing"}, "Write name = value"),
        ({"spec": "A b"}, "small letters"),
        ({"server": "9"}, "There is no server"),
        ({"document": "", "url": "http://127.0.0.1:9180/"}, "does not call"),
        ({"document": YAML.replace("https://petstore.example.com", "")}, "relative"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(
    desk: Desk, alice: Client, fields: dict[str, str], words: str
) -> None:
    answer = bring(alice, **fields)

    assert answer.status_code == 400
    assert words in text_of(answer)
    assert not ChangeRequest.objects.exists()


def test_a_large_document_is_read_by_a_worker(desk: Desk, alice: Client) -> None:
    source = json.dumps(petstore(**{"x-padding": "x" * 600_000})).encode()
    file = SimpleUploadedFile("openapi.json", source)

    answer = bring(alice, document="", file=file)

    assert answer["Location"] == f"{PAGE}#files"
    assert "Being read" in text_of(alice.get(PAGE))
    import_one(ImportFile.objects.get().pk)
    assert f"#{ChangeRequest.objects.get().number}" in text_of(alice.get(PAGE))


def test_what_the_gateway_serves_is_taken_as_a_file(desk: Desk, alice: Client) -> None:
    desk.sandbox.put("route", "r1", {"uri": "/a", "plugins": {"basic-auth": {}}})
    refresh(desk.gateway)

    answer = alice.get(f"{PAGE}document/")

    assert (
        answer["Content-Disposition"] == 'attachment; filename="default-openapi.yaml"'
    )
    assert "/a" in yaml.safe_load(answer.content)["paths"]


def test_publishing_is_sent_for_review(desk: Desk, alice: Client) -> None:
    form = {
        f"publish-{name}": text
        for name, text in (
            ("name", "Pets"),
            ("description", "Pets."),
            ("reason", "Chats."),
        )
    }
    empty = alice.post(f"{PAGE}publish/", form)
    assert empty.status_code == 400
    assert "nothing to publish" in text_of(empty)
    missing = alice.post(f"{PAGE}publish/", form | {"publish-name": ""})
    assert missing.status_code == 400
    desk.sandbox.put("route", "r1", {"uri": "/a", "plugins": {"basic-auth": {}}})
    refresh(desk.gateway)

    answer = alice.post(f"{PAGE}publish/", form)

    change = ChangeRequest.objects.get()
    assert answer["Location"] == change.get_absolute_url()
    assert change.latest_revision().items.count() == 2


def test_whoever_only_reads_takes_and_does_not_bring(desk: Desk) -> None:
    audrey = sign_in(desk.people.audrey)

    shown = text_of(audrey.get(PAGE))
    assert "Download" in shown
    assert "Send for review" not in shown
    assert bring(audrey).status_code == 403
    assert not ChangeRequest.objects.exists()
