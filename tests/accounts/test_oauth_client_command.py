"""`manage.py oauth_client`: an administrator sets up a program."""

from io import StringIO

import pytest
from django.contrib.auth.hashers import check_password
from django.core.management import CommandError, call_command

from portal.accounts.models import Program
from portal.audit.models import AuditEvent

pytestmark = pytest.mark.django_db
CALLBACK = "https://chat.openai.com/aip/g-1/oauth/callback"


def run(*args: str) -> str:
    out = StringIO()
    call_command("oauth_client", *args, stdout=out)
    return out.getvalue()


def test_a_gpt_action_gets_a_secret_that_is_printed_once() -> None:
    said = run("Desk GPT", "--gpt-action", "--redirect-uri", CALLBACK)

    program = Program.objects.get()
    secret = said.split("Client secret: ")[1].split()[0]
    assert program.client_id in said
    assert program.is_gpt_action
    assert check_password(secret, program.client_secret)
    [event] = AuditEvent.objects.all()
    assert event.event == "program.registered"
    assert event.subject == "Desk GPT (GPT Action)"
    assert secret not in str(AuditEvent.objects.values())


def test_another_program_has_none() -> None:
    said = run("Editor", "--redirect-uri", "http://127.0.0.1/cb")

    program = Program.objects.get()
    assert "secret" not in said
    assert program.client_type == Program.CLIENT_PUBLIC
    assert not program.is_gpt_action


def test_answers_can_be_sent_elsewhere_later() -> None:
    run("Desk GPT", "--gpt-action", "--redirect-uri", "https://later.example.com/")
    client_id = Program.objects.get().client_id

    run("--client-id", client_id, "--redirect-uri", CALLBACK)

    assert Program.objects.get().redirect_uris == CALLBACK
    assert AuditEvent.objects.filter(event="program.changed").count() == 1


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("X", "--redirect-uri", "http://x.example.com/"), "use https"),
        (("--redirect-uri", CALLBACK), "name"),
        (("--client-id", "unknown", "--redirect-uri", CALLBACK), "No program"),
    ],
)
def test_what_makes_no_sense_says_why(args: tuple[str, ...], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        run(*args)

    assert Program.objects.count() == 0
