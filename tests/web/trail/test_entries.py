"""The audit's pages: what one finds, one entry whole, files to take away."""

import csv
import html
import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from gateway.models import Gateway
from portal.audit.heads import sign_head
from portal.audit.ledger import Itself
from portal.audit.models import Archive, AuditEvent, AuditStream, LedgerCheck
from portal.audit.syslog.receiver import Receiver, Transport
from portal.changes.states import State
from portal.web.trail.filters import AuditForm
from tests.factories import Cast, item, make_change, make_drift, route_document
from tests.trail.ledgers import chained

As = Callable[[str], Client]


def test_words_times_and_doors_narrow_the_list(as_: As) -> None:
    chained(
        [
            {"subject": "#1 Publish talks", "client": "ChatGPT", "channel": "mcp"},
            {"subject": "#2 Publish rooms"},
        ]
    )
    client = as_("audrey")

    def numbers(query: str) -> set[int]:
        rows = client.get(f"/audit/?{query}").context["list"].rows
        return {row.event.number for row in rows}

    assert numbers("search=TALKS") == {1}
    assert numbers("program=ChatGPT&channel=mcp&subject=change/1") == {1}
    assert numbers("since=2026-10-01T12:00&until=2026-10-01T12:01") == {1, 2}
    assert numbers("since=2026-10-01T12:01") == set()


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("change=x", "Change: Give a number"),
        ("since=soon", "From: Give a date"),
        ("resource=talks", "Resource: Give kind/id"),
        ("event=change.eaten", "Event: Select a valid choice"),
        ("search=%00", ""),
    ],
)
def test_what_makes_no_sense_is_said_and_finds_nothing(
    as_: As, query: str, words: str
) -> None:
    chained([{}])

    page = as_("audrey").get(f"/audit/?{query}")

    assert page.status_code == 200
    assert words in page.content.decode()
    assert bool(page.context["list"].rows) is (words == "")


def test_a_time_that_is_none_in_utc_is_refused() -> None:
    with timezone.override("Asia/Tokyo"):
        form = AuditForm({"since": "0001-01-01T00:00"})

        assert form.filters() is None
        assert form.wrong == ["From: Give a date and a time."]


def test_an_entry_shows_what_it_changed(
    as_: As, people: Cast, gateway: Gateway
) -> None:
    change = make_change(
        gateway=gateway,
        author=people.alice,
        state=State.APPLIED,
        items=[item("update", base=route_document(), wanted=route_document(uri="/t"))],
    )
    drift = make_drift(gateway, resource_id="rooms")
    change_settings = {"fields": ["router"], "router": {"from": "", "to": "radixtree"}}
    chained(
        [
            {"subject_id": str(change.number), "revision": 1},
            {"subject_type": "drift", "subject_id": str(drift.pk)},
            {
                "event": "gateway.changed",
                "subject_type": "gateway",
                "details": change_settings,
            },
        ]
    )

    pages = [
        as_("audrey").get(f"/audit/{number}/").content.decode() for number in (1, 2, 3)
    ]

    for page, after in zip(pages, ("/t", "/*", "radixtree"), strict=True):
        assert f'diff__after">{after}</ins>' in page
        assert "It holds" in page
    assert 'rel="prev">← 2</a>' in pages[0]
    assert 'rel="next">2 →</a>' in pages[2]


def test_a_draft_that_somebody_else_wrote_is_not_shown(
    as_: As, people: Cast, gateway: Gateway
) -> None:
    draft = make_change(gateway=gateway, author=people.alice, state=State.DRAFT)
    chained([{"subject_id": str(draft.number), "revision": 1}])

    assert "What revision" not in as_("audrey").get("/audit/1/").content.decode()
    assert "What revision" in as_("alice").get("/audit/1/").content.decode()


def test_the_files_hold_what_the_filters_leave(as_: As) -> None:
    chained([{"actor": "alice"}, {}])
    client = as_("audrey")
    page = client.get("/audit/?person=alice").content.decode()
    assert 'href="/audit/export?person=alice&amp;format=csv"' in page

    lines = client.get("/audit/export?person=alice&format=jsonl")
    table = client.get("/audit/export?person=alice&format=csv")

    [line] = b"".join(lines).splitlines()
    [row] = csv.DictReader(io.StringIO(b"".join(table).decode("utf-8-sig")))
    assert orjson.loads(line)["hash"] == row["hash"]
    assert lines["Content-Disposition"].endswith('.jsonl"')
    assert table["Content-Type"] == "text/csv; charset=utf-8"
    assert AuditEvent.objects.filter(event="audit.exported").count() == 2


def test_files_are_for_auditors_and_administrators(as_: As) -> None:
    riley = as_("riley")

    assert "/audit/export" not in riley.get("/audit/").content.decode()
    assert riley.get("/audit/export?format=csv").status_code == 403
    assert as_("admin").get("/audit/export?format=csv").status_code == 200
    assert AuditEvent.objects.count() == 1


@pytest.mark.parametrize("query", ["", "format=xml", "format=csv&since=soon"])
def test_a_file_of_nothing_known_is_refused(as_: As, query: str) -> None:
    page = as_("audrey").get(f"/audit/export?{query}")

    assert page.status_code == 400
    assert AuditEvent.objects.count() == 0


@pytest.mark.parametrize("name", ["audrey", "riley"])
def test_the_list_asks_twelve_times_at_most(as_: As, name: str) -> None:
    chained({"gateway": "default"} for _ in range(60))
    client = as_(name)

    with CaptureQueriesContext(connection) as asked:
        client.get("/audit/?event=change&since=2026-01-01T00:00&search=publish")

    assert len(asked) <= 12, [query["sql"] for query in asked]


def test_the_page_shows_how_far_it_is_proved_and_proves_it_on_demand(as_: As) -> None:
    chained([{}] * 3)
    client = as_("audrey")
    assert "Not proved yet" in client.get("/audit/").content.decode()

    page = client.post("/audit/verify/", follow=True).content.decode()

    assert "The audit holds: 3 entries proved." in page
    assert "All 3 entries hold" in page
    assert '"proof__proved" width="100"' in page


def test_a_broken_ledger_is_told_on_every_page_that_should(
    as_: As, client: Client
) -> None:
    chained([{}] * 3)
    LedgerCheck.objects.create(
        pk=1,
        number=1,
        broken_at=timezone.now(),
        broken_number=2,
        broken_words="Its content was altered.",
    )

    audit = as_("riley").get("/audit/").content.decode()

    assert "event 2: Its content was altered." in audit
    assert 'class="proof__broken" x="33"' in audit
    assert "The audit does not hold" in as_("admin").get("/").content.decode()
    assert "The audit does not hold" not in as_("riley").get("/").content.decode()
    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert ready.json()["checks"]["audit_chain"].startswith("broken: event 2")


@pytest.mark.parametrize("name", ["alice", "riley", "omar"])
def test_others_do_not_have_it_proved(as_: As, name: str) -> None:
    client = as_(name)

    assert "Prove it now" not in client.get("/audit/").content.decode()
    assert client.post("/audit/verify/").status_code == 403
    assert not LedgerCheck.objects.exists()


def test_heads_are_there_to_be_kept(as_: As) -> None:
    chained([{}] * 2)
    head = sign_head(actor=Itself("test"))
    client = as_("riley")

    page = client.get("/audit/heads/").content.decode()
    file = client.get(f"/audit/heads/{head.day}.json")

    assert head.hash in page
    assert head.key.public in html.unescape(page)
    assert "-----BEGIN PUBLIC KEY-----" in page
    assert file.json() == head.told()
    assert "attachment" in file["Content-Disposition"]
    assert client.get("/audit/heads/2020-01-01.json").status_code == 404
    assert client.get("/audit/heads/today.json").status_code == 404


def test_the_page_says_how_far_the_stream_is_behind(
    as_: As, client: Client, settings: Any
) -> None:
    chained([{}] * 3)
    settings.AUDIT_SYSLOG = Receiver(Transport.TCP, "127.0.0.1", 1)
    cursor = AuditStream.objects.create(
        pk=1, number=1, failures=2, trouble="It cannot be reached: connection refused."
    )
    audrey = as_("audrey")

    with CaptureQueriesContext(connection) as asked:
        page = audrey.get("/audit/").content.decode()

    assert len(asked) <= 12, [query["sql"] for query in asked]
    assert "2 entries wait for the syslog receiver" in page
    assert "It cannot be reached: connection refused." in page
    ready = client.get("/readyz").json()
    assert ready["audit_stream"].startswith("2 behind since 2026-10-01T12:00:00+00:00:")
    assert (
        "gatehouse_audit_stream_behind 2.0" in client.get("/metrics").content.decode()
    )
    cursor.number, cursor.trouble = 3, ""
    cursor.save()
    assert "The syslog receiver has all of it" in audrey.get("/audit/").content.decode()
    assert client.get("/readyz").json()["audit_stream"] == "ok"


def test_the_page_says_where_older_entries_are(as_: As, tmp_path: Path) -> None:
    chained([{"at": datetime(2026, 9, 1, tzinfo=UTC)}] * 2)
    call_command("archive_audit", before="2026-10", to=tmp_path)
    archive = Archive.objects.get()
    client = as_("audrey")

    page = client.get("/audit/").content.decode()
    entry = client.get("/audit/1/")

    assert "Entries up to 2 are in archives" in page
    assert archive.sha256 in page
    assert entry.status_code == 404
    assert archive.file in entry.content.decode()
    assert "It holds" in client.get("/audit/3/").content.decode()
