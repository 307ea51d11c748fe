"""Signed heads: once a day, proved by a key that was kept, against a rewritten past."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import CommandError, call_command
from django.db import connection

from gateway.rotation import rotate
from portal.audit import triggers
from portal.audit.heads import NotSigned, prove_head, sign_head
from portal.audit.ledger import Itself
from portal.audit.models import AuditEvent, AuditHead, SigningKey
from portal.audit.tasks import sign_daily_head
from tests.trail.ledgers import chained

ITSELF = Itself("test")


@pytest.fixture
def kept(transactional_db: None, tmp_path: Path) -> Path:
    """A head of a ledger of three entries, kept elsewhere."""
    chained([{}] * 3)
    path = tmp_path / "head.json"
    path.write_text(json.dumps(sign_head(actor=ITSELF).told()))
    return path


@pytest.mark.django_db
def test_one_head_a_day_is_signed_and_recorded() -> None:
    chained([{}] * 3)
    with time_machine.travel("2026-11-21T10:00:00Z"):
        first, again = sign_head(actor=ITSELF), sign_head(actor=ITSELF)
    with time_machine.travel("2026-11-22T10:00:00Z"):
        sign_daily_head()

    assert first == again
    assert (first.number, str(first.day)) == (3, "2026-11-21")
    assert [str(head.day) for head in AuditHead.objects.all()] == [
        "2026-11-22",
        "2026-11-21",
    ]
    assert SigningKey.objects.count() == 1
    [told, _] = AuditEvent.objects.filter(event="audit.signed").order_by("number")
    assert told.details == first.told()


@pytest.mark.django_db
def test_the_key_outlives_a_rotation_and_is_nowhere_in_clear() -> None:
    signed = sign_head(actor=ITSELF)
    assert rotate() >= 1

    prove_head(signed.told(), SigningKey.objects.get().public)


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["desk", "day", "number", "hash", "signature"])
def test_nothing_in_a_head_can_be_altered(name: str) -> None:
    signed = sign_head(actor=ITSELF)
    told: dict[str, Any] = signed.told()
    told[name] = "AAAA" if name == "signature" else f"{told[name]}1"

    with pytest.raises(NotSigned):
        prove_head(told, signed.key.public)


def test_a_kept_head_is_found_in_the_chain(
    kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("verify_audit", head=kept)

    said = capsys.readouterr().out
    assert "is in the chain" in said
    assert "The chain holds" in said


def test_a_past_that_was_rewritten_whole_is_found_out(kept: Path) -> None:
    triggers.drop(connection)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_auditevent")
    chained([{"actor": "mallory"}] * 4)
    triggers.create(connection)
    call_command("verify_audit")

    with pytest.raises(CommandError, match="no longer holds what was signed"):
        call_command("verify_audit", head=kept)


def test_a_head_that_another_key_signed_is_refused(kept: Path) -> None:
    other = Ed25519PrivateKey.generate().public_key().public_bytes_raw()

    with pytest.raises(CommandError, match="did not sign"):
        call_command("verify_audit", head=kept, key=base64.b64encode(other).decode())

    kept.write_text(kept.read_text().replace(AuditHead.objects.get().key.key_id, "x"))
    with pytest.raises(CommandError, match="does not know the key"):
        call_command("verify_audit", head=kept)


@pytest.mark.parametrize("text", ["", "[]", '{"number": 1}'])
@pytest.mark.django_db
def test_what_is_no_head_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "head.json"
    path.write_text(text)

    with pytest.raises(CommandError, match="no signed head"):
        call_command("verify_audit", head=path)


@pytest.mark.django_db
def test_the_command_prints_what_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("audit_head")

    assert json.loads(capsys.readouterr().out) == AuditHead.objects.get().told()
