"""A gateway as a file and back, on its page."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.audit.models import AuditEvent
from portal.changes.models import ChangeRequest, ImportFile
from portal.changes.tasks import import_one
from tests.changes.conftest import Desk, desk
from tests.factories import make_person
from tests.web.conftest import sign_in

__all__ = ["desk"]

PAGE = "/gateways/default/transfer/"
SECRET = "jacks-secret-key"
JACK = {"username": "jack", "plugins": {"key-auth": {"key": SECRET}}}
FILE = "plugins: []\nconsumers:\n- username: jack\n#END"


@pytest.fixture
def alice(desk: Desk) -> Client:
    return sign_in(desk.people.alice)


def bring(client: Client, text: str = FILE, do: str = "send", **fields: Any) -> Any:
    form = {
        "file": SimpleUploadedFile("gateway.yaml", text.encode()),
        "format": "apisix",
        "reason": "As it was.",
        "do": do,
    } | fields
    return client.post(PAGE, form)


def take(client: Client, file: str) -> HttpResponse:
    return client.post(f"{PAGE}export/", {"export-file": file})


def text_of(answer: HttpResponse) -> str:
    return answer.content.decode()


def test_the_gateway_s_page_leads_there(alice: Client) -> None:
    assert PAGE in text_of(alice.get("/gateways/default/routes/"))


def test_a_file_is_sent_for_review(desk: Desk, alice: Client) -> None:
    answer = bring(alice)

    change = ChangeRequest.objects.get()
    assert answer["Location"] == change.get_absolute_url()
    assert (change.channel, change.author) == ("import", desk.people.alice)
    page = text_of(alice.get(change.get_absolute_url()))
    assert "Sent for review. plugins is no resource of a gateway." in page
    assert desk.live("jack", "consumer") is None


def test_a_preview_says_what_it_would_do_and_stores_nothing(
    desk: Desk, alice: Client
) -> None:
    desk.sandbox.put("consumer", "jill", {"username": "jill"})

    kept = text_of(bring(alice, do="preview"))
    gone = text_of(bring(alice, do="preview", delete_missing="on"))

    assert "Creates consumer jack" in kept
    assert "jill" not in kept
    assert "Deletes consumer jill" in gone
    assert not ChangeRequest.objects.exists()


def test_what_is_wrong_stands_beside_the_field(alice: Client) -> None:
    answer = bring(alice, "consumers:\n- username: a\n- username: a\n#END")
    assert answer.status_code == 400
    assert "Line 3: The consumer a stands here again" in text_of(answer)

    answer = bring(alice, reason="")
    assert answer.status_code == 400
    assert "Say why" in text_of(answer)

    answer = bring(alice, "routes:\n- {id: r1, uri: /a, upstream_id: no}\n#END")
    assert answer.status_code == 422
    assert "routes.r1.upstream_id, line 2" in text_of(answer)

    answer = bring(alice, "{}\n#END")
    assert answer.status_code == 409
    assert "holds all that the file says already" in text_of(answer)
    assert not ChangeRequest.objects.exists()


def test_a_large_file_is_read_by_a_worker_and_told_on_the_page(
    desk: Desk, alice: Client
) -> None:
    large = "#" * 600_000 + "\n" + FILE

    assert bring(alice, large, do="preview").status_code == 400
    assert bring(alice, large)["Location"] == PAGE

    file = ImportFile.objects.get()
    waiting = text_of(alice.get(PAGE))
    assert "Being read" in waiting
    assert 'hx-trigger="every 2s"' in waiting
    import_one(file.pk)
    done = text_of(alice.get(PAGE, headers={"HX-Request": "true"}))
    change = ChangeRequest.objects.get()
    assert f'<a href="{change.get_absolute_url()}">#{change.number}</a>' in done
    assert "hx-get" not in done
    assert "<html" not in done
    others = text_of(sign_in(desk.people.riley).get(PAGE))
    assert change.get_absolute_url() not in others


def test_a_file_beyond_the_limit_is_refused_unread(
    alice: Client, settings: Any
) -> None:
    settings.IMPORT_LIMIT = 1_000

    answer = bring(alice, "#" * 100_000)
    assert answer.status_code == 413
    assert "larger than 1,000 bytes" in text_of(answer)
    # Within what the fields beside it may take.
    assert bring(alice, "#" * 1_001).status_code == 400
    assert not ImportFile.objects.exists()


def test_a_form_from_elsewhere_is_refused(desk: Desk) -> None:
    client = sign_in(desk.people.alice, enforce_csrf_checks=True)

    assert bring(client).status_code == 403
    assert take(client, "apisix:left_out").status_code == 403
    assert not ChangeRequest.objects.exists()


def test_everybody_takes_files_without_secrets(desk: Desk) -> None:
    desk.sandbox.put("consumer", "jack", JACK)

    for name in ("alice", "audrey"):
        client = sign_in(getattr(desk.people, name))
        answer = take(client, "apisix:left_out")
        assert answer.status_code == 200
        assert answer["Content-Disposition"].startswith('attachment; filename="default')
        assert b"redacted:" in answer.content
        assert SECRET not in text_of(answer)
    assert not AuditEvent.objects.exists()


def test_who_may_have_secrets_is_offered_them_and_nobody_else(
    desk: Desk, alice: Client
) -> None:
    desk.sandbox.put("consumer", "jack", JACK)
    admin, audrey = sign_in(desk.people.admin), sign_in(desk.people.audrey)

    assert "secrets in clear" in text_of(admin.get(PAGE))
    assert SECRET in text_of(take(admin, "apisix:clear"))
    sealed = text_of(take(audrey, "backup:sealed"))
    assert '"sealed"' in sealed
    assert SECRET not in sealed
    assert [one.actor for one in AuditEvent.objects.order_by("number")] == [
        "admin",
        "audrey",
    ]

    assert "secrets in clear" not in text_of(audrey.get(PAGE))
    for client in (alice, audrey):
        assert take(client, "apisix:clear")["Location"] == PAGE
    assert AuditEvent.objects.count() == 2


def test_who_only_reads_is_not_asked_for_a_file(desk: Desk) -> None:
    audrey = sign_in(desk.people.audrey)

    assert "Your role reads and does not ask" in text_of(audrey.get(PAGE))
    assert bring(audrey).status_code == 403
    assert not ChangeRequest.objects.exists()


def test_a_stranger_finds_nothing(desk: Desk) -> None:
    stranger = sign_in(make_person("stranger"))

    assert stranger.get(PAGE).status_code == 404
    assert take(stranger, "apisix:left_out").status_code == 404


def test_the_page_costs_a_fixed_number_of_queries(desk: Desk, alice: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as told:
            alice.get(PAGE)
        return len(told)

    one = queries()
    for number in range(4):
        bring(alice, "#" * 600_000 + f"{number}\n{FILE}")
    assert ImportFile.objects.count() == 4

    assert queries() == one


def test_it_goes_live_when_it_was_asked_to(desk: Desk, alice: Client) -> None:
    due = timezone.now() + timedelta(days=2)

    bring(
        alice,
        deliver_after=f"{due:%Y-%m-%dT%H:%M}",
        expires_after="2",
        expires_after_unit="hours",
    )

    terms = ChangeRequest.objects.get().latest_revision().terms
    assert terms.deliver_after == due.replace(second=0, microsecond=0)
    assert terms.expires_after == timedelta(hours=2)
