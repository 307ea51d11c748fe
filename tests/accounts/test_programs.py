"""Programs that people let in: removed by an administrator, and what they hold."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from portal.accounts.audience import canonical, covers, reaches
from portal.accounts.connections import Asked, Issued, connect, use_refresh
from portal.accounts.errors import NotAllowed, NotPresent, NotVisible
from portal.accounts.models import AccessToken, ApiToken, Program, RefreshToken
from portal.accounts.programs import find_program, remove
from portal.accounts.tokens import find_token
from portal.audit.models import AuditEvent
from tests.actors import present, program
from tests.factories import make_access, make_person, make_program

pytestmark = pytest.mark.django_db


class TestRemoving:
    def test_ends_the_program_and_everybody_s_connection(self) -> None:
        chat = make_program()
        secrets = [make_access(chat, make_person(name)) for name in ("alice", "riley")]
        other = make_access(make_program("Editor"), make_person("omar"))
        admin = make_person("admin", is_superuser=True)

        remove(chat, actor=present(admin))
        remove(chat, actor=present(admin))

        assert [find_token(secret) for secret in secrets] == [None, None]
        assert find_token(other) is not None
        assert find_program(chat.client_id) is None
        [event] = AuditEvent.objects.all()
        assert event.event == "program.removed"
        assert event.actor == "admin"
        assert event.details["connections"] == 2

    def test_is_for_a_present_administrator_alone(self) -> None:
        chat = make_program()
        alice = make_person("alice")
        admin = make_person("admin", is_superuser=True)
        secret = make_access(chat, alice)

        with pytest.raises(NotAllowed):
            remove(chat, actor=present(alice))
        with pytest.raises(NotPresent):
            remove(chat, actor=program(admin))

        assert find_token(secret) is not None
        assert Program.objects.get().removed_at is None
        assert AuditEvent.objects.count() == 0


class TestUse:
    def test_is_noted_once_a_minute(self, django_assert_num_queries: Any) -> None:
        secret = make_access(make_program(), make_person("alice"))

        with django_assert_num_queries(2):
            find_token(secret)
        with django_assert_num_queries(1):
            find_token(secret)

        assert ApiToken.objects.get().last_used_at is not None

    @pytest.mark.parametrize(
        "over",
        [
            {"expires_at": timezone.now() - timedelta(days=1)},
            {"revoked_at": timezone.now()},
        ],
        ids=["expired", "revoked"],
    )
    def test_ends_with_the_connection(self, over: dict[str, Any]) -> None:
        secret = make_access(make_program(), make_person("alice"))
        ApiToken.objects.update(**over)

        assert find_token(secret) is None

    def test_reaches_what_the_token_says_and_no_more(self) -> None:
        secret = make_access(
            make_program(),
            make_person("alice"),
            scope="gateway:read",
            resource=[f"{settings.PUBLIC_URL}/mcp"],
        )

        found = find_token(secret, part="/mcp")
        assert found is not None
        assert found.scopes == ["gateway:read"]
        assert find_token(secret) is None
        assert ApiToken.objects.get().scopes == ["changes:propose", "gateway:read"]

    def test_of_a_hash_opens_nothing(self) -> None:
        make_access(make_program(), make_person("alice"))

        assert find_token(AccessToken.objects.get().token_checksum) is None


class TestAudiences:
    DESK = settings.PUBLIC_URL

    @pytest.mark.parametrize(
        ("given", "meant"),
        [
            (DESK, DESK),
            (f"{DESK}/", DESK),
            (f"{DESK}/mcp", f"{DESK}/mcp"),
            (f"{DESK}/mcp/", f"{DESK}/mcp"),
            ("HTTP://LOCALHOST:5000/mcp", f"{DESK}/mcp"),
            (f"{DESK}/mcpx", None),
            (f"{DESK}/mcp?x=1", None),
            (f"{DESK}/mcp#x", None),
            (f"{DESK}/%6dcp", None),
            (f"{DESK}@evil.example/mcp", None),
            ("http://localhost/mcp", None),
            ("https://localhost:5000/mcp", None),
            ("http://localhost:5000.evil.example/mcp", None),
            ("http://localhost:x/mcp", None),
            ("http://[/mcp", None),
            ("/mcp", None),
            ("urn:mcp", None),
            ("", None),
        ],
    )
    def test_are_this_desk_s_own_addresses(self, given: str, meant: str | None) -> None:
        assert canonical(given) == meant

    def test_of_a_desk_below_a_path(self, settings: Any) -> None:
        settings.PUBLIC_URL = "https://example.com/gatehouse"

        assert canonical("https://example.com:443/gatehouse/mcp/") == (
            "https://example.com/gatehouse/mcp"
        )
        assert canonical("https://example.com/mcp") is None
        assert canonical("https://example.com/gatehousemcp") is None

    def test_the_whole_covers_each_part_and_a_part_itself_alone(self) -> None:
        mcp = f"{self.DESK}/mcp"

        assert covers([self.DESK], [self.DESK, mcp])
        assert covers([mcp], [mcp])
        assert not covers([mcp], [self.DESK])
        assert not covers([mcp], [f"{self.DESK}/api"])
        assert not covers([], [mcp])
        assert reaches([mcp], "/mcp")
        assert not reaches([mcp], "/api")


def test_what_was_ended_meanwhile_renews_nothing() -> None:
    """A disconnection comes between finding a refresh token and using it."""
    alice = make_person("alice")
    make_access(make_program(), alice)
    connection = ApiToken.objects.get(person=alice)
    refresh = RefreshToken.objects.create(
        connection=connection, application=connection.program, token_checksum="0" * 64
    )
    ApiToken.objects.update(revoked_at=timezone.now())
    before = AccessToken.objects.count()
    issued = Issued(
        access="a" * 40, refresh="r" * 40, scopes=["gateway:read"], audiences=[]
    )

    assert not use_refresh(refresh, issued)
    assert AccessToken.objects.count() == before


def test_a_program_that_was_removed_meanwhile_is_let_in_by_nobody() -> None:
    chat, alice = make_program(), make_person("alice")
    asked = Asked(
        program=Program.objects.get(pk=chat.pk),
        scopes=["gateway:read"],
        audiences=[],
        redirect_uri="https://example.com/back",
        challenge="c",
    )
    chat.delete()

    with pytest.raises(NotVisible, match="removed meanwhile"):
        connect(asked, code="code", actor=present(alice))
    assert not ApiToken.objects.exists()
