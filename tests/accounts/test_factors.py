"""Second factors: added, used once, lost; who must have one, and who takes them away."""

from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks
from pytest_django.fixtures import Settings

from gateway.rotation import sealed_columns
from portal.accounts import authenticator_app
from portal.accounts.authenticator_app import add_app, is_code_of, offer, offered
from portal.accounts.errors import (
    ConfirmationNeeded,
    NotAllowed,
    NotPresent,
    NotProved,
    NotVisible,
)
from portal.accounts.factors import (
    must_have_factor,
    note_use,
    remove_factor,
    reset_factors,
)
from portal.accounts.models import Factor, Person, Vouched, Vouching
from portal.accounts.passkeys import add_passkey, owner_of
from portal.accounts.recovery_codes import codes_left, renew_codes, use_code
from portal.accounts.roles import Role
from portal.audit.models import AuditEvent
from tests.accounts.policy.test_deciding import race
from tests.actors import present, program
from tests.factories import make_person
from tests.totp import code_of

pytestmark = pytest.mark.django_db


def with_app(person: Person) -> tuple[str, list[str]]:
    """Add an app; return its secret and the recovery codes."""
    sealed = offer(person)
    secret = offered(sealed, person)
    # A code of the past: the tests use those of now and later.
    codes = add_app(offer=sealed, code=code_of(secret, steps=-1), actor=present(person))
    return secret, codes


def test_an_apps_codes_are_those_of_rfc_6238() -> None:
    # Its appendix B, for SHA-1, with six of the eight digits.
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    codes = authenticator_app._codes_of(secret)
    for moment, code in ((59, "287082"), (1_111_111_109, "081804")):
        assert codes.generate(moment).decode() == code
        with time_machine.travel(moment, tick=False):
            assert code_of(secret) == code


def test_an_app_is_added_by_a_code_and_its_secret_is_sealed() -> None:
    riley = make_person("riley")

    secret, codes = with_app(riley)

    factor = Factor.objects.get()
    assert secret.encode() not in bytes(factor.sealed)
    assert (Factor, "sealed") in list(sealed_columns())
    assert len(set(codes)) == 10
    assert [event.event for event in AuditEvent.objects.order_by("number")] == [
        "person.second_factor_added",
        "person.recovery_codes_made",
    ]
    kept = str([vars(event) for event in AuditEvent.objects.all()])
    assert secret not in kept
    assert not any(code in kept for code in codes)


def test_a_wrong_code_adds_no_app() -> None:
    riley = make_person("riley")

    with pytest.raises(NotProved):
        add_app(offer=offer(riley), code="000000", actor=present(riley))

    assert not Factor.objects.exists()
    assert not AuditEvent.objects.exists()


def test_nobody_adds_the_app_that_was_offered_to_another() -> None:
    riley, omar = make_person("riley"), make_person("omar")
    sealed = offer(riley)

    with pytest.raises(NotProved):
        add_app(offer=sealed, code=code_of(offered(sealed, riley)), actor=present(omar))


def test_a_code_counts_a_step_early_or_late_and_only_once() -> None:
    riley = make_person("riley")
    with time_machine.travel("2026-11-21T10:00:00Z", tick=False):
        secret, _ = with_app(riley)

        assert not is_code_of(riley, code_of(secret, steps=-2))
        assert not is_code_of(riley, code_of(secret, steps=-1)), "used to add it"
        assert not is_code_of(riley, code_of(secret, steps=2))
        assert is_code_of(riley, code_of(secret, steps=1))
        assert not is_code_of(riley, code_of(secret, steps=1))
        assert not is_code_of(riley, code_of(secret)), "older than the last"


def test_a_counter_goes_forward_only() -> None:
    riley = make_person("riley")
    with_app(riley)
    factor = Factor.objects.get()

    assert note_use(factor, factor.counter + 1)
    assert not note_use(factor, factor.counter + 1)


def test_a_recovery_code_opens_once_however_it_is_typed() -> None:
    riley = make_person("riley")
    _, codes = with_app(riley)

    typed = codes[0].upper().replace("-", " ")

    assert use_code(typed, actor=present(riley))
    assert not use_code(codes[0], actor=present(riley))
    assert codes_left(riley) == 9
    used = AuditEvent.objects.get(event="person.recovery_code_used")
    assert used.details == {"left": 9}


def test_new_recovery_codes_end_the_old_ones() -> None:
    riley = make_person("riley")
    _, old = with_app(riley)

    new = renew_codes(actor=present(riley))

    assert not use_code(old[0], actor=present(riley))
    assert use_code(new[0], actor=present(riley))


def test_who_proved_it_long_ago_proves_it_again_before_changing_factors() -> None:
    riley = make_person("riley")
    with_app(riley)
    late = timezone.now() + timedelta(minutes=16)

    actor = present(riley)
    with time_machine.travel(late):
        for change in (
            lambda: remove_factor(Factor.objects.get().pk, actor=actor),
            lambda: renew_codes(actor=actor),
            lambda: add_app(offer=offer(riley), code="", actor=actor),
            lambda: add_passkey("{}", name="", state=None, actor=actor),
        ):
            with pytest.raises(ConfirmationNeeded):
                change()

    assert Factor.objects.count() == 1


def test_a_program_changes_no_factor() -> None:
    riley = make_person("riley")
    with_app(riley)

    with pytest.raises(NotPresent):
        remove_factor(Factor.objects.get().pk, actor=program(riley))


def test_nobody_removes_the_factor_of_another() -> None:
    with_app(make_person("riley"))

    with pytest.raises(NotVisible):
        remove_factor(Factor.objects.get().pk, actor=present(make_person("omar")))


@pytest.mark.parametrize("answer", ["", "{}", "[]", "null", '{"id": 1}', "\x00", "9"])
def test_what_is_no_passkeys_answer_is_refused_in_words(answer: str) -> None:
    riley = make_person("riley")
    state = {"challenge": "x" * 43, "user_verification": "required"}

    assert owner_of(answer, state=state) is None
    with pytest.raises(NotProved):
        add_passkey(answer, name="x", state=state, actor=present(riley))


@pytest.mark.parametrize(
    ("setting", "must"),
    [
        ("", []),
        ("reviewer", ["riley", "omar", "root"]),
        ("operator", ["omar", "root"]),
        ("everybody", ["alice", "riley", "omar", "root"]),
    ],
)
def test_who_must_have_one(settings: Settings, setting: str, must: list[str]) -> None:
    settings.SECOND_FACTOR_REQUIRED = setting
    people = [
        make_person("alice", Role.AUTHOR),
        make_person("riley", Role.REVIEWER),
        make_person("omar", Role.OPERATOR),
        make_person("root", is_superuser=True),
    ]

    assert [person.username for person in people if must_have_factor(person)] == must


def test_who_must_have_one_keeps_the_last(settings: Settings) -> None:
    riley = make_person("riley", Role.REVIEWER)
    with_app(riley)
    settings.SECOND_FACTOR_REQUIRED = "reviewer"

    with pytest.raises(NotAllowed):
        remove_factor(Factor.objects.get().pk, actor=present(riley))
    settings.SECOND_FACTOR_REQUIRED = ""
    remove_factor(Factor.objects.get().pk, actor=present(riley))

    assert codes_left(riley) == 0


def test_an_administrator_resets_what_somebody_lost_and_they_are_told(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    riley = make_person("riley", Role.REVIEWER)
    admin = make_person("admin", Role.ADMINISTRATOR)
    with_app(riley)
    with_app(admin)

    with django_capture_on_commit_callbacks(execute=True):
        reset_factors(riley, reason="Lost it.", actor=present(admin))

    assert not riley.factors.exists()
    assert codes_left(riley) == 0
    event = AuditEvent.objects.get(event="person.second_factor_reset")
    assert (event.actor_id, event.subject_id) == (admin.pk, str(riley.pk))
    # Their approval of the administrator's own changes does not count for a while.
    vouched = Vouching.objects.get()
    assert (vouched.by, vouched.person) == (admin, riley)
    assert vouched.how == Vouched.SECOND_FACTOR
    assert mail.outbox[0].to == [riley.email]
    assert "admin" in str(mail.outbox[0].body)


def test_who_resets_nothing() -> None:
    riley = make_person("riley", Role.REVIEWER)
    bare = make_person("bare", Role.ADMINISTRATOR)
    admin = make_person("admin", Role.ADMINISTRATOR)
    root = make_person("root", is_superuser=True)
    for person in (riley, admin, root):
        with_app(person)

    for person, by, why in (
        (admin, admin, "your own"),
        (riley, bare, "second factor of your own"),
        (root, admin, "superuser"),
        (admin, riley, "administrator"),
    ):
        with pytest.raises(NotAllowed, match=why):
            reset_factors(person, actor=present(by))
    with pytest.raises(NotPresent):
        reset_factors(riley, actor=program(admin))

    assert Factor.objects.count() == 3


def test_the_command_helps_the_last_administrator() -> None:
    root = make_person("root", is_superuser=True)
    with_app(root)

    call_command("reset_second_factor", "root")

    assert not root.factors.exists()
    event = AuditEvent.objects.get(event="person.second_factor_reset")
    assert event.client == "console: reset_second_factor"
    with pytest.raises(CommandError, match="nobody"):
        call_command("reset_second_factor", "nobody")


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("on_postgresql")
def test_of_two_who_add_an_app_at_once_the_later_is_told() -> None:
    """SQLite lets nobody write meanwhile."""
    person = make_person()
    sealed = offer(person)

    with time_machine.travel(timezone.now(), tick=False):
        code, actor = code_of(offered(sealed, person)), present(person)
        done = race(
            *[lambda: add_app(offer=sealed, code=code, actor=actor) for _ in range(4)]
        )

    assert sorted(type(one).__name__ for one in done) == [
        *["NotAllowed"] * 3,
        "list",
    ]
