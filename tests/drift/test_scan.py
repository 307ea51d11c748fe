"""What was done outside of Gatehouse is found, and nothing else is."""

from typing import Any

import pytest

from gateway.models import Resource
from portal.audit.models import AuditEvent
from portal.drift.models import Drift
from tests.changes.conftest import conference
from tests.drift.conftest import Watched, upstream


@pytest.fixture
def adopted(desk: Watched) -> Watched:
    """A gateway that held one route and one upstream when it was first seen."""
    desk.outside("route", "a", conference(uri="/a"))
    desk.outside("upstream", "u", upstream())
    assert desk.scan()
    return desk


class TestAdoption:
    def test_what_a_new_gateway_holds_is_its_baseline(self, adopted: Watched) -> None:
        assert adopted.found() == []
        assert adopted.events() == []
        assert Resource.objects.count() == 2

    def test_nothing_is_found_when_nothing_was_done(self, adopted: Watched) -> None:
        assert adopted.scan()

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
        assert drift.baseline and drift.baseline["uri"] == "/a"
        assert drift.live and drift.live["uri"] == "/elsewhere"
        event = AuditEvent.objects.get(event="drift.found")
        assert event.details["changes"] == ["uri: /a → /elsewhere"]
        assert (event.subject_type, event.subject_id) == ("drift", str(drift.pk))
        assert event.gateway == adopted.gateway.slug

    def test_writing_the_same_again_is_no_drift(self, adopted: Watched) -> None:
        adopted.outside("route", "a", conference(uri="/a"))

        adopted.scan()

        assert adopted.found() == []
