"""What was done outside of Gatehouse is found, and nothing else is."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from gateway import sealing
from gateway.models import Gateway, Resource
from portal.audit.models import AuditEvent
from portal.drift.models import Drift
from portal.drift.tasks import scan_one
from tests.certificates import self_signed
from tests.changes.conftest import conference
from tests.changes.delivering import fronted
from tests.drift.conftest import Watched, upstream
from tests.waiting import LONG


@pytest.fixture
def adopted(desk: Watched) -> Watched:
    """A gateway that held one route and one upstream when it was first seen."""
    desk.outside("route", "a", conference(uri="/a"))
    desk.outside("upstream", "u", upstream())
    assert desk.scan()
    return desk


def everything() -> dict[str, Any]:
    """All that a scan may change, but for the times of looking."""
    return {
        "resources": list(Resource.objects.order_by("pk").values()),
        "drifts": list(Drift.objects.order_by("pk").values()),
        "events": AuditEvent.objects.count(),
        "mirrored_at": list(Gateway.objects.values_list("mirrored_at", flat=True)),
    }


class TestAdoption:
    def test_what_a_new_gateway_holds_is_its_baseline(self, adopted: Watched) -> None:
        assert adopted.found() == []
        assert adopted.events() == []
        assert Resource.objects.count() == 2

    def test_nothing_is_found_when_nothing_was_done(self, adopted: Watched) -> None:
        before = everything()

        assert adopted.scan()

        assert everything()["resources"] == before["resources"]
        assert adopted.found() == []

    def test_an_address_of_its_own_makes_a_gateway_new_again(
        self, adopted: Watched
    ) -> None:
        """As the first gateway's record does when it leaves the sandbox."""
        Resource.objects.all().delete()
        Gateway.objects.update(mirrored_at=None)

        adopted.scan()

        assert adopted.found() == []
        assert Resource.objects.count() == 2


class TestOutside:
    def test_creation_change_and_deletion_are_told_apart(
        self, adopted: Watched
    ) -> None:
        adopted.outside("route", "b", conference(uri="/b"))
        adopted.outside("route", "a", conference(uri="/elsewhere"))
        adopted.outside("upstream", "u", None)

        adopted.scan()

        assert adopted.found() == [
            ("altered", "route", "a"),
            ("created", "route", "b"),
            ("deleted", "upstream", "u"),
        ]
        assert adopted.events() == ["drift.found"] * 3

    def test_both_documents_are_kept_and_the_ledger_tells_the_difference(
        self, adopted: Watched
    ) -> None:
        adopted.outside("route", "a", conference(uri="/elsewhere"))

        adopted.scan()

        drift = Drift.objects.get()
        assert (drift.baseline or {})["uri"] == "/a"
        assert (drift.live or {})["uri"] == "/elsewhere"
        event = AuditEvent.objects.get(event="drift.found")
        assert event.details["changes"] == ["uri: /a → /elsewhere"]
        assert (event.subject_type, event.subject_id) == ("drift", str(drift.pk))
        assert event.gateway == adopted.gateway.slug

    def test_the_mirror_shows_what_is_there_now(self, adopted: Watched) -> None:
        adopted.outside("route", "a", conference(uri="/elsewhere"))

        adopted.scan()

        assert Resource.objects.get(kind="route").document["uri"] == "/elsewhere"

    def test_writing_the_same_again_is_no_drift(self, adopted: Watched) -> None:
        adopted.outside("route", "a", conference(uri="/a", priority=0.0))
        adopted.scan()
        adopted.scan()

        # One field more, then the same in other words.
        assert adopted.found() == [("altered", "route", "a")]
        adopted.outside("route", "a", conference(uri="/a", priority=0))
        adopted.scan()
        assert adopted.events() == ["drift.found"]

    def test_a_credential_below_a_consumer_counts_too(self, adopted: Watched) -> None:
        adopted.outside("consumer", "jack", {"username": "jack"})
        adopted.outside(
            "credential", "jack/credentials/c", {"plugins": {"key-auth": {"key": "1"}}}
        )

        adopted.scan()

        assert ("created", "credential", "jack/credentials/c") in adopted.found()

    def test_a_changed_secret_is_found_and_not_shown(self, adopted: Watched) -> None:
        adopted.outside(
            "consumer",
            "jack",
            {"username": "jack", "plugins": {"key-auth": {"key": "the-old-secret"}}},
        )
        adopted.scan()
        Drift.objects.all().delete()
        adopted.outside(
            "consumer",
            "jack",
            {"username": "jack", "plugins": {"key-auth": {"key": "the-new-secret"}}},
        )

        adopted.scan()

        drift = Drift.objects.get()
        assert [one.dotted for one in drift.differences] == ["plugins.key-auth.key"]
        told = repr([drift.baseline, drift.live, *AuditEvent.objects.values("details")])
        assert "secret" not in told
        assert told.count("redacted:") >= 4
        whole = drift.whole_baseline() or {}
        assert whole["plugins"]["key-auth"]["key"] == "the-old-secret"

    def test_a_certificates_key_is_never_shown_and_no_drift(
        self, adopted: Watched
    ) -> None:
        cert, key = self_signed("a.example.com").pems
        document = {"cert": cert, "key": key, "sni": "a.example.com"}
        adopted.outside("ssl", "s", document)
        adopted.scan()
        Drift.objects.all().delete()
        adopted.outside("ssl", "s", document | {"labels": {"by": "hand"}})
        adopted.scan()

        assert adopted.found() == [("altered", "ssl", "s")]
        assert [one.dotted for one in Drift.objects.get().differences] == ["labels.by"]

    def test_whom_to_ask_is_guessed_from_labels(self, adopted: Watched) -> None:
        adopted.outside("upstream", "v", upstream(labels={"team": "events"}))
        adopted.scan()

        assert Drift.objects.get().owner == "events"


class TestAgain:
    """One record per resource, for as long as it is not as it was."""

    @pytest.fixture
    def drifted(self, adopted: Watched) -> Watched:
        adopted.outside("route", "a", conference(uri="/b"))
        adopted.scan()
        return adopted

    def test_what_stays_is_told_once(self, drifted: Watched) -> None:
        drifted.scan()

        assert drifted.events() == ["drift.found"]

    def test_what_moves_again_is_told_against_the_same_baseline(
        self, drifted: Watched
    ) -> None:
        first = Drift.objects.get()
        drifted.outside("route", "a", conference(uri="/c"))

        drifted.scan()

        again = Drift.objects.get()
        assert again.pk == first.pk
        assert again.baseline == first.baseline
        assert (again.live or {})["uri"] == "/c"
        assert again.first_seen == first.last_seen < again.last_seen
        assert drifted.events() == ["drift.found", "drift.moved"]

    def test_a_change_that_becomes_a_deletion_is_one(self, drifted: Watched) -> None:
        drifted.outside("route", "a", None)

        drifted.scan()

        assert drifted.found() == [("deleted", "route", "a")]
        assert Drift.objects.count() == 1

    def test_back_at_the_baseline_it_is_gone_and_that_is_told(
        self, drifted: Watched
    ) -> None:
        drifted.outside("route", "a", conference(uri="/a"))

        drifted.scan()

        assert drifted.found() == []
        assert drifted.found("gone") == [("altered", "route", "a")]
        assert Drift.objects.get().resolved_at is not None
        assert drifted.events() == ["drift.found", "drift.gone"]

    def test_deleted_and_made_again_between_two_scans_is_gone(
        self, drifted: Watched
    ) -> None:
        drifted.outside("route", "a", None)
        drifted.outside("route", "a", conference(uri="/a"))

        drifted.scan()

        assert drifted.found("gone") == [("altered", "route", "a")]

    def test_after_it_is_gone_a_new_one_is_a_record_of_its_own(
        self, drifted: Watched
    ) -> None:
        for uri in ("/a", "/b"):
            drifted.outside("route", "a", conference(uri=uri))
            drifted.scan()

        assert sorted(Drift.objects.values_list("state", flat=True)) == ["gone", "open"]


class TestNoDrift:
    def test_defaults_that_an_old_gateway_fills_in(self, adopted: Watched) -> None:
        """Before 3.14 a document was stored with its schema's defaults."""

        def old(method: str, path: str, body: bytes) -> bytes | None:
            answer = adopted.ask_straight(method, path)
            return answer.replace(b"APISIX/3.18.0", b"APISIX/3.12.0", 1)

        with fronted(adopted, old):
            Gateway.objects.update(version="")
            adopted.scan()
            adopted.outside("route", "a", conference(uri="/a", priority=0, status=1))
            adopted.scan()

        assert adopted.found() == []
        assert Resource.objects.get(kind="route").document["priority"] == 0

    def test_an_upgrade_that_drops_defaults(self, adopted: Watched) -> None:
        """The gateway was moved to a new version by writing all documents anew."""
        adopted.outside("route", "a", conference(uri="/a", priority=0, status=1))
        adopted.scan()
        Drift.objects.all().delete()
        Gateway.objects.update(version="3.12.0")
        adopted.outside("route", "a", conference(uri="/a"))

        adopted.scan()

        assert adopted.found() == []
        # Only the move itself is lenient.
        adopted.outside("route", "a", conference(uri="/a", priority=0))
        adopted.scan()
        assert adopted.found() == [("altered", "route", "a")]

    def test_an_upgrade_still_shows_what_else_was_done(self, adopted: Watched) -> None:
        Gateway.objects.update(version="3.12.0")
        adopted.outside("route", "a", conference(uri="/elsewhere"))

        adopted.scan()

        assert adopted.found() == [("altered", "route", "a")]

    def test_after_an_upgrade_everything_is_redacted_anew(
        self, adopted: Watched
    ) -> None:
        """What the new version calls a secret must not stay in clear."""
        Resource.objects.filter(kind="route").update(document={"shown": "in clear"})
        Gateway.objects.update(version="3.12.0")

        adopted.scan()

        assert "shown" not in Resource.objects.get(kind="route").document

    def test_a_kind_that_the_gateway_no_longer_offers(self, adopted: Watched) -> None:
        """Stream mode was switched off: nobody deleted its routes."""
        Resource.objects.create(
            gateway=adopted.gateway,
            kind="stream_route",
            resource_id="s",
            document={},
            sealed=sealing.seal({}),
        )

        adopted.scan()

        assert adopted.found() == []
        assert Resource.objects.filter(kind="stream_route").exists()


class TestTrouble:
    @pytest.mark.parametrize("path", ["/routes$", "/upstreams$", "/plugins/list"])
    def test_a_gateway_that_was_half_read_changes_nothing(
        self, adopted: Watched, path: str
    ) -> None:
        adopted.outside("route", "a", None)
        adopted.outside("upstream", "v", upstream())
        before = everything()
        adopted.sandbox.misbehave(do="status", path=path)

        assert not adopted.scan()

        assert everything() == before
        assert adopted.gateway.trouble

    def test_a_gateway_that_is_down_is_said_so_and_found_later(
        self, adopted: Watched
    ) -> None:
        adopted.outside("route", "a", None)
        adopted.sandbox.stop()
        assert not adopted.scan()

        adopted.sandbox.start()
        assert adopted.scan()

        assert adopted.gateway.trouble == ""
        assert adopted.found() == [("deleted", "route", "a")]

    def test_a_list_may_come_slowly(self, adopted: Watched, settings: Settings) -> None:
        """As one of thousands of routes does; nothing else may."""
        settings.GATEWAY_REQUEST_DEADLINE = 3
        settings.GATEWAY_LIST_DEADLINE = LONG
        adopted.outside("route", "a", None)
        adopted.sandbox.misbehave(do="slow", seconds=4, path="/routes$")

        assert adopted.scan()

        assert adopted.found() == [("deleted", "route", "a")]

    def test_one_that_takes_too_long_changes_nothing_and_is_told(
        self, adopted: Watched, settings: Settings
    ) -> None:
        settings.GATEWAY_LIST_DEADLINE = 0.5
        adopted.outside("route", "a", None)
        before = everything()
        adopted.sandbox.misbehave(do="slow", seconds=1, path="/routes$")

        assert not adopted.scan()

        assert everything() == before
        assert "0.5 s" in adopted.gateway.trouble

    def test_an_answer_of_something_else_is_no_deletion(self, adopted: Watched) -> None:
        adopted.sandbox.misbehave(do="reset", path="/routes$", bytes=200)

        assert not adopted.scan()

        assert adopted.found() == []


class TestReads:
    def test_mirror_and_scan_are_one_read(self, adopted: Watched) -> None:
        adopted.sandbox.forget_requests()

        adopted.scan()

        paths = [request["path"] for request in adopted.sandbox.requests()]
        assert len(paths) == len(set(paths)) + 1  # consumers are asked for twice

    def test_a_read_under_way_elsewhere_is_left_alone(self, adopted: Watched) -> None:
        until = timezone.now() + timedelta(minutes=1)
        Gateway.objects.update(mirroring_until=until)
        adopted.sandbox.forget_requests()

        assert not adopted.scan()

        assert adopted.sandbox.requests() == []
        assert Gateway.objects.get().mirroring_until == until

    def test_a_reader_that_died_is_waited_for_in_vain_only_so_long(
        self, adopted: Watched
    ) -> None:
        past = timezone.now() - timedelta(seconds=1)
        Gateway.objects.update(mirroring_until=past)

        assert adopted.scan()

        assert Gateway.objects.get().mirroring_until is None

    def test_a_retired_gateway_is_not_asked(self, adopted: Watched) -> None:
        Gateway.objects.update(retired_at="2026-01-01T00:00:00Z")
        adopted.sandbox.forget_requests()

        scan_one(adopted.gateway.pk)

        assert adopted.sandbox.requests() == []


class TestCommand:
    def test_it_scans_and_tells(
        self, adopted: Watched, capsys: pytest.CaptureFixture[str]
    ) -> None:
        adopted.outside("route", "a", None)

        call_command("scan_drift")

        assert "default: 1 open" in (told := capsys.readouterr().out)
        assert "deleted route a" in told

    def test_a_gateway_that_is_not_there_is_refused(self, adopted: Watched) -> None:
        with pytest.raises(CommandError, match="There are: default"):
            call_command("scan_drift", "nowhere")

    def test_a_gateway_that_is_down_fails_the_command(self, adopted: Watched) -> None:
        adopted.sandbox.stop()

        with pytest.raises(CommandError, match="Not scanned: default"):
            call_command("scan_drift", "default")
