"""Large files: kept for a worker, read once, forgotten; nothing is lost or filed twice."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, connections
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.accounts.errors import NotAllowed
from portal.accounts.models import Membership
from portal.accounts.roles import Role
from portal.accounts.tokens import revoke_token
from portal.changes.errors import Malformed
from portal.changes.models import ChangeRequest, ImportFile, ImportState
from portal.changes.models.import_file import CLAIM
from portal.changes.review import reject
from portal.changes.tasks import import_one, sweep_imports
from portal.changes.terms import Terms
from portal.changes.transfer.formats import Format
from portal.changes.transfer.later import IMPORT_ONE, TRIES, keep_for_later
from portal.changes.transfer.propose_file import FileAsked
from tests.actors import present, program
from tests.changes.conftest import Desk
from tests.changes.delivering import fronted

JACK = b"consumers:\n- username: jack\n#END"
SECRET = b"consumers:\n- username: jack\n  plugins: {key-auth: {key: jacks-secret-key}}\n#END"


def asked(desk: Desk, source: bytes = JACK, **fields: Any) -> FileAsked:
    return FileAsked(
        gateway=desk.gateway,
        source=source,
        format=Format.APISIX,
        reason="As it was.",
        **fields,
    )


def keep(desk: Desk, source: bytes = JACK, **fields: Any) -> ImportFile:
    return keep_for_later(
        asked(desk, source, **fields), actor=present(desk.people.alice)
    )


def read(file: ImportFile) -> ImportFile:
    """Do what a worker does."""
    import_one(file.pk)
    return ImportFile.objects.get(pk=file.pk)


@pytest.mark.django_db
def test_a_file_is_kept_sealed_and_forgotten_once_read(desk: Desk) -> None:
    file = keep(desk, SECRET, title="Jack")
    assert file.state == ImportState.WAITING
    assert b"jacks-secret-key" not in bytes(file.sealed or b"")
    assert not ChangeRequest.objects.exists()

    file = read(file)

    change = ChangeRequest.objects.get()
    assert (file.state, file.change, file.sealed) == (ImportState.FILED, change, None)
    assert (change.title, change.channel, change.author) == (
        "Jack",
        "import",
        desk.people.alice,
    )
    assert change.latest_revision().items.get().resource_id == "jack"


@pytest.mark.django_db
def test_a_file_that_is_refused_says_why(desk: Desk) -> None:
    file = read(keep(desk, b"consumers:\n- username: jack\n- username: jack\n#END"))

    assert (file.state, file.sealed) == (ImportState.REFUSED, None)
    assert file.refusal["status"] == 400
    assert file.refusal["line"] == 3
    assert file.refusal["detail"].startswith("Line 3: ")
    assert not ChangeRequest.objects.exists()


@pytest.mark.django_db
def test_blockers_are_kept_with_their_findings(desk: Desk) -> None:
    file = read(keep(desk, b"routes:\n- id: r1\n  uri: /a\n  upstream_id: no\n#END"))

    assert file.refusal["code"] == "blocked"
    assert file.refusal["findings"][0]["line"] == 2


@pytest.mark.django_db
def test_what_fails_on_our_side_is_not_tried_for_ever(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    file = keep(desk)
    ImportFile.objects.filter(pk=file.pk).update(sealed=b"nothing of ours")

    file = read(file)

    assert (file.state, file.refusal["code"]) == (ImportState.REFUSED, "internal")
    assert "import failed" in caplog.text


@pytest.mark.django_db
def test_what_makes_no_sense_is_refused_at_once(desk: Desk) -> None:
    with pytest.raises(Malformed, match="not UTF-8"):
        keep(desk, b"\xff\xff")
    with pytest.raises(NotAllowed):
        keep_for_later(asked(desk), actor=present(desk.people.audrey))
    assert not ImportFile.objects.exists()


@pytest.mark.django_db
def test_the_same_file_waits_once(desk: Desk) -> None:
    assert keep(desk) == keep(desk)
    assert keep(desk, delete_missing=True) != keep(desk)


@pytest.mark.django_db
def test_reading_twice_files_once(desk: Desk) -> None:
    file = read(keep(desk))

    assert read(file).change == file.change
    assert ChangeRequest.objects.count() == 1


@pytest.mark.django_db
def test_a_dead_worker_s_file_is_read_again_and_filed_once(desk: Desk) -> None:
    file = keep(desk)
    first = read(file).change
    # As if it had died after it filed and before it said so.
    ImportFile.objects.filter(pk=file.pk).update(
        state=ImportState.WAITING,
        sealed=file.sealed,
        claimed_until=timezone.now() + CLAIM,
        change=None,
    )
    assert read(file).state == ImportState.WAITING
    assert file.pk not in free()

    ImportFile.objects.filter(pk=file.pk).update(
        claimed_until=timezone.now() - timedelta(seconds=1)
    )
    assert file.pk in free()

    assert read(file).change == first
    assert ChangeRequest.objects.count() == 1


def free() -> set[int]:
    return set(ImportFile.objects.free(timezone.now()).values_list("pk", flat=True))


def test_messages_and_the_schedule_name_tasks_that_exist() -> None:
    scheduled = {one["task"] for one in settings.CELERY_BEAT_SCHEDULE.values()}

    assert import_one.name == IMPORT_ONE
    assert sweep_imports.name in scheduled


@pytest.mark.django_db
def test_what_became_of_a_file_is_told_for_a_week(desk: Desk) -> None:
    def ended(file: ImportFile, ago: timedelta) -> int:
        ImportFile.objects.filter(pk=file.pk).update(finished_at=timezone.now() - ago)
        return file.pk

    week, moment = timedelta(days=7), timedelta(minutes=1)
    filed = ended(read(keep(desk)), week + moment)
    refused = ended(read(keep(desk, b"nothing")), week + moment)
    recent = ended(read(keep(desk, SECRET)), week - moment)
    waits = keep(desk, title="Again").pk
    ImportFile.objects.filter(pk=waits).update(
        created_at=timezone.now() - 2 * week, claimed_until=timezone.now() + CLAIM
    )

    sweep_imports()

    left = set(ImportFile.objects.values_list("pk", flat=True))
    assert left == {recent, waits}
    assert left.isdisjoint({filed, refused})
    assert ChangeRequest.objects.count() == 2


@pytest.mark.django_db
def test_it_is_told_how_far_it_is(desk: Desk) -> None:
    routes = "".join(f"- {{id: r{n}, uri: /{n}}}\n" for n in range(8_000))
    file = keep(desk, f"routes:\n{routes}#END".encode())

    with CaptureQueriesContext(
        connection,
    ) as queries:
        file = read(file)

    told = [one["sql"] for one in queries if '"progress" = ' in one["sql"]]
    assert len(told) >= 3
    assert "8,000 resources" in file.refusal["detail"]


@pytest.mark.django_db
def test_rights_that_are_gone_meanwhile_count(desk: Desk) -> None:
    actor = program(desk.people.alice)
    by_token = keep_for_later(asked(desk), actor=actor)
    by_alice = keep(desk, delete_missing=True)
    assert actor.token is not None
    revoke_token(actor.token.pk, actor=present(desk.people.alice))
    Membership.objects.filter(person=desk.people.alice).delete()

    assert "no longer valid" in read(by_token).refusal["detail"]
    assert read(by_alice).refusal["status"] in {403, 404}
    assert not ChangeRequest.objects.exists()


@pytest.mark.usefixtures("each_database")
@pytest.mark.django_db(transaction=True)
class TestTwoWorkers:
    def test_they_read_it_once(self, desk: Desk) -> None:
        file = keep(desk)

        def work(_: int) -> None:
            try:
                import_one(file.pk)
            finally:
                connections.close_all()

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(work, range(2)))

        assert ImportFile.objects.get().state == ImportState.FILED
        assert ChangeRequest.objects.count() == 1

    @pytest.mark.parametrize("becomes", ["filed", "refused"])
    def test_one_that_was_overtaken_files_nothing(
        self, desk: Desk, becomes: str
    ) -> None:
        """Its claim ran out while the gateway was slow; another reads the file."""
        file = keep(desk)
        overtaken: list[ImportFile] = []

        def another_reads(method: str, path: str, body: bytes) -> None:
            if overtaken:
                return
            overtaken.append(file)
            try:
                claim_is_over(file)
                if becomes == "refused":
                    Membership.objects.filter(person=desk.people.alice).delete()
                overtaken[:] = [read(file)]
                if becomes == "filed":
                    # Decided on already: an equal request would be filed anew.
                    reject(
                        ChangeRequest.objects.get().latest_revision(),
                        actor=present(desk.people.riley),
                        comment="No.",
                    )
                else:
                    Membership.objects.create(
                        person=desk.people.alice, role=Role.AUTHOR
                    )
            finally:
                connections.close_all()

        with fronted(desk, another_reads):
            import_one(file.pk)

        (theirs,) = overtaken
        file.refresh_from_db()
        assert ChangeRequest.objects.count() == (becomes == "filed")
        assert (file.state, file.change) == (theirs.state, theirs.change)
        assert (file.progress, file.claimed_until) == (100, None)


def claim_is_over(file: ImportFile) -> None:
    ImportFile.objects.filter(pk=file.pk).update(
        claimed_until=timezone.now() - timedelta(seconds=1)
    )


@pytest.mark.django_db
def test_a_file_that_kills_its_workers_is_refused_in_words(desk: Desk) -> None:
    file = keep(desk)
    for _ in range(TRIES):
        # What a worker commits before it reads, and all that is left of one that died.
        free = ImportFile.objects.free(timezone.now()).filter(pk=file.pk)
        free.update(claimed_until=timezone.now() - CLAIM, tries=F("tries") + 1)

    file = read(file)

    assert (file.state, file.sealed) == (ImportState.REFUSED, None)
    assert "3 workers in turn stopped" in file.refusal["detail"]
    assert file.refusal["field"] == "file"
    assert not ChangeRequest.objects.exists()


@pytest.mark.django_db
def test_a_file_is_read_again_after_some_workers_died(desk: Desk) -> None:
    file = keep(desk)
    ImportFile.objects.update(tries=TRIES - 1)

    file = read(file)

    assert (file.state, file.tries) == (ImportState.FILED, TRIES)


@pytest.mark.django_db
def test_its_change_goes_live_when_it_was_asked_to(desk: Desk) -> None:
    due = timezone.now() + timedelta(days=2)
    terms = Terms(deliver_after=due, expires_after=timedelta(hours=2))

    file = read(keep(desk, terms=terms))

    assert file.change is not None
    assert file.change.latest_revision().terms == terms


@pytest.mark.django_db
def test_terms_that_make_no_sense_are_refused_before_it_is_kept(desk: Desk) -> None:
    with pytest.raises(Malformed) as refused:
        keep(desk, terms=Terms(deliver_after=timezone.now() - timedelta(hours=1)))

    assert refused.value.field == "deliver_after"
    assert not ImportFile.objects.exists()
