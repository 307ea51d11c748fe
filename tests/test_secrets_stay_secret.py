"""Secrets in every kind of resource, and every door opened: nobody is told one.

Looked through are all answers, every readable value of every row, and what is logged
and printed. That secrets reach the gateway is tests/changes/test_deliver_secrets.py's.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse

from gateway.kinds import KINDS
from gateway.models import Gateway
from portal.audit.models import AuditEvent
from portal.changes.models import (
    ChangeRequest,
    ImportFile,
    Item,
    NodeSighting,
    ProbeRun,
    Revision,
)
from portal.changes.nodes import watch
from portal.changes.probe import Probe
from portal.changes.probing import TRIES, send_probe
from portal.changes.states import State
from portal.changes.terms import Terms
from portal.drift.models import Drift
from portal.drift.scan import scan
from tests.api.conftest import Program, program_of
from tests.certificates import self_signed
from tests.changes.conftest import Desk, desk
from tests.changes.delivering import creates, upstream
from tests.factories import make_gateway
from tests.gateway.evil import evil, http, says
from tests.sandbox import SandboxGateway
from tests.test_no_token_decides import Anything, urls
from tests.web.conftest import sign_in

__all__ = ["desk"]

pytestmark = pytest.mark.django_db

Documents = dict[tuple[str, str], dict[str, Any]]

CANARY = re.compile(r"canary-[\w-]+")
FILES = ("backup:left_out", "backup:sealed", "apisix:left_out", "adc:left_out")
TRANSFER = "/gateways/default/transfer/"
# What is asked of other machines there takes long, and is nothing of a document.
SLOW = {"/readyz"}


def plugins(tag: str) -> dict[str, Any]:
    """Secrets in fields, in a header, in an address."""
    return {
        "openid-connect": {
            "client_id": "x",
            "client_secret": f"canary-{tag}-client",
            "discovery": "http://127.0.0.1:1/d",
            "bearer_only": True,
        },
        "http-logger": {
            "uri": f"http://127.0.0.1:1/log?token=canary-{tag}-query",
            "auth_header": f"canary-{tag}-logger",
        },
        "proxy-rewrite": {
            "headers": {"set": {"Authorization": f"canary-{tag}-header"}}
        },
        "limit-count": {
            "count": 1,
            "time_window": 60,
            "policy": "redis",
            "redis_host": "10.0.0.5",
            "redis_password": f"canary-{tag}-redis",
        },
    }


def secretive(tag: str) -> Documents:
    """A resource of each kind that holds secrets, all of them with this tag."""
    certified = self_signed("shop.example.com")
    cert, key = certified.pem, certified.key_pem
    tls = {"client_cert": cert, "client_key": key}
    return {
        ("consumer", "jack"): {
            "username": "jack",
            "plugins": {
                "key-auth": {"key": f"canary-{tag}-key"},
                "basic-auth": {"username": "jack", "password": f"canary-{tag}-basic"},
                "jwt-auth": {"key": "jack", "secret": f"canary-{tag}-jwt"},
                "hmac-auth": {"key_id": "jack", "secret_key": f"canary-{tag}-hmac"},
            },
        },
        ("credential", "jack/credentials/c1"): {
            "plugins": {"key-auth": {"key": f"canary-{tag}-credential"}}
        },
        ("route", "r"): {
            "uri": "/r",
            "vars": [["http_x_api_key", "==", f"canary-{tag}-vars"]],
            "upstream": upstream(tls=tls, scheme="https"),
            "plugins": plugins(tag),
        },
        ("service", "s"): {"upstream": upstream(), "plugins": plugins(tag)},
        ("upstream", "u"): upstream(tls=tls),
        ("ssl", "tls"): {"snis": ["shop.example.com"], "cert": cert, "key": key},
        ("global_rule", "g"): {"plugins": {"csrf": {"key": f"canary-{tag}-csrf"}}},
        ("plugin_config", "p"): {"plugins": plugins(tag)},
        ("consumer_group", "cg"): {
            "plugins": {"limit-count": plugins(tag)["limit-count"]}
        },
        ("plugin_metadata", "azure-functions"): {
            "master_apikey": f"canary-{tag}-azure"
        },
        ("secret", "vault/1"): {
            "uri": "https://vault.example.com",
            "prefix": "kv",
            "token": f"canary-{tag}-vault",
        },
        ("secret", "aws/1"): {
            "access_key_id": "AKIA",
            "secret_access_key": f"canary-{tag}-aws",
        },
    }


def told(text: str) -> list[str]:
    """The secrets that a text holds."""
    return [*CANARY.findall(text), *re.findall("BEGIN (?:EC )?PRIVATE KEY", text)]


def rows() -> Iterator[tuple[str, str]]:
    """Every readable value of every row: what is sealed cannot be read."""
    for model in apps.get_models():
        for row in model.objects.values():
            for name, value in row.items():
                if not isinstance(value, bytes | memoryview):
                    text = json.dumps(value, default=str, ensure_ascii=False)
                    yield f"{model.__name__}.{name}", text


class Doors:
    """Opens doors as several people, and keeps what each told."""

    def __init__(self, desk: Desk) -> None:
        people = desk.people
        self.alice, self.riley = sign_in(people.alice), sign_in(people.riley)
        self.omar, self.admin = sign_in(people.omar), sign_in(people.admin)
        self.programs = {
            name: program_of(getattr(people, name))
            for name in ("alice", "riley", "audrey", "admin")
        }
        self.program: Program = self.programs["alice"]
        self.leaks: dict[str, list[str]] = {}

    def look(self, door: str, answer: HttpResponse, *statuses: int) -> HttpResponse:
        """Note what an answer tells that it must not; it has one of these statuses."""
        text = answer.content.decode(errors="replace")
        assert not statuses or answer.status_code in statuses, (door, text)
        assert answer.status_code != 500, door
        if found := told(f"{answer.headers} {text}"):
            self.leaks[door] = found
        return answer

    def ask(self, action: str, documents: Documents) -> ChangeRequest:
        """Let alice's program preview a change, file it, and file it again."""
        body = {
            "title": "All of it",
            "reason": "It is time.",
            "items": [
                {"action": action, "kind": kind, "id": key, "document": document}
                for (kind, key), document in documents.items()
            ],
        }
        self.look("preview", self.program.post("/api/changes/preview", body), 200)
        for _ in range(2):
            answer = self.program.post("/api/changes", body, Idempotency_Key=action)
            self.look("propose", answer, 202)
        number = orjson.loads(answer.content)["change"]["number"]
        return ChangeRequest.objects.get(pk=number)

    def bring(
        self, text: str, *, format: str, do: str, statuses: tuple[int, ...]
    ) -> None:
        form = {
            "file": SimpleUploadedFile("gateway.yaml", text.encode()),
            "format": format,
            "reason": "As it was.",
            "do": do,
        }
        self.look(f"import {format} {do}", self.alice.post(TRANSFER, form), *statuses)


@pytest.fixture
def doors(desk: Desk) -> Doors:
    return Doors(desk)


def applied_and_overtaken(desk: Desk, doors: Doors) -> tuple[int, int]:
    """Let one change be applied, and another meet what somebody wrote past the desk."""
    first = doors.ask("create", secretive("one"))
    desk.approve(first)
    desk.deliver(first)
    assert first.state == State.APPLIED
    scan(Gateway.objects.get())
    second = doors.ask("update", secretive("two"))
    for (kind, key), document in secretive("three").items():
        desk.sandbox.put(kind, key, document)
    scan(Gateway.objects.get())
    desk.approve(second)
    desk.deliver(second)
    assert second.state == State.CONFLICTED
    return first.number, second.number


def test_nobody_is_told_of_changes_and_drift(
    desk: Desk,
    doors: Doors,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level("DEBUG")
    first, second = applied_and_overtaken(desk, doors)
    kinds = {kind for kind, _ in secretive("")}
    assert {drift.kind for drift in Drift.objects.all()} == kinds

    # Both columns of a conflict, and what stands against a rollback.
    doors.look("rebase", doors.program.post(f"/api/changes/{second}/rebase", {}), 409)
    undo = doors.program.post(f"/api/changes/{first}/rollback", {"reason": "So."})
    doors.look("rollback", undo, 409)
    tried = {"request": {"method": "GET", "url": "http://h/r"}, "change": second}
    doors.look("simulate", doors.program.post("/api/simulate", tried), 200)
    adopted, ignored, reverted = Drift.objects.filter(state="open")[:3]
    for act, drift in (("adopt", adopted), ("ignore", ignored), ("revert", reverted)):
        decision = {"reason": "So.", "seen": drift.live_digest}
        page = f"/gateways/default/drift/{drift.pk}/{act}/"
        doors.look(act, doors.omar.post(page, decision), 302)
    shown = set(there(second))
    for address in shown.union(addresses()):
        statuses = (200,) if address in shown else ()
        if address.startswith("/api/"):
            for name, program in doors.programs.items():
                doors.look(f"{name} {address}", program.get(address), *statuses)
        else:
            doors.look(address, doors.alice.get(address))
            doors.look(address, doors.riley.get(address))
            doors.look(address, doors.admin.get(address), *statuses)

    assert_nothing_told(doors, caplog, capfd)


def addresses() -> Iterator[str]:
    """One of every address there is."""
    values = {"slug": "default", "kind": "routes", "resource_id": "r"}
    yield from (one for one in urls(Anything(values, number="1")) if one not in SLOW)
    for page in ("rebase/", "rollback/", "revise/"):
        yield from (f"/changes/{pk}/{page}" for pk in keys(ChangeRequest))
    yield from (f"/changes/new/?kind={kind}&id={key}" for kind, key in secretive(""))


def there(number: int) -> Iterator[str]:
    """The pages and answers of each resource, change, drift and entry."""
    for kind, key in secretive(""):
        yield f"/api/resources/{kind}"
        yield f"/api/resources/{kind}/{key}"
        yield f"/gateways/default/{KINDS[kind].path}/"
        yield f"/gateways/default/{KINDS[kind].path}/{key}/"
    for pk in keys(ChangeRequest):
        yield f"/changes/{pk}/"
        yield f"/api/changes/{pk}"
    yield from (f"/audit/{pk}/" for pk in keys(AuditEvent))
    yield from (f"/gateways/default/drift/{pk}/" for pk in keys(Drift))
    yield f"/gateways/default/simulator/?url=http://h/r&change={number}"
    for model in (ChangeRequest, Revision, Item, Drift, AuditEvent):
        label = model._meta.label_lower.replace(".", "/")
        yield from (f"/admin/{label}/{pk}/change/" for pk in keys(model))


def keys(model: Any) -> list[int]:
    return list(model.objects.values_list("pk", flat=True))


def test_nobody_is_told_of_files(
    desk: Desk,
    doors: Doors,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level("DEBUG")
    for (kind, key), document in secretive("one").items():
        desk.sandbox.put(kind, key, document)

    for file in FILES:
        format, secrets = file.split(":")
        address = f"/api/gateways/default/export?format={format}&secrets={secrets}"
        for name, program in doors.programs.items():
            doors.look(f"{name} {address}", program.get(address), 200, 403)
        for client in (doors.alice, doors.riley, doors.admin):
            answer = client.post(f"{TRANSFER}export/", {"export-file": file})
            doors.look(f"export {file}", answer, 200, 302)
    clear = doors.admin.post(f"{TRANSFER}export/", {"export-file": "apisix:clear"})
    text = clear.content.decode().replace("canary-one", "canary-two")
    for do, status in (("preview", 200), ("send", 302)):
        doors.bring(text, format="apisix", do=do, statuses=(status,))
    for broken in (
        text.replace("uri: /r", "uri: 7"),
        text.replace("plugins:", "plugins: [", 1),
        text[: len(text) // 2],
        f"!!python/object {text}",
        f"{text}\nroutes: canary-tail\n",
        text.replace("key: canary", "no_such_field: x\n      key: &a canary"),
    ):
        assert told(broken)
        for format in ("apisix", "adc", "backup"):
            doors.bring(broken, format=format, do="send", statuses=(400, 422))
    # So large that a worker reads it: kept sealed until then.
    large = text.replace("#END", f"# {'x' * 600_000}\n#END")
    doors.bring(large, format="apisix", do="send", statuses=(302,))
    assert ImportFile.objects.get().sealed

    assert_nothing_told(doors, caplog, capfd)


def assert_nothing_told(
    doors: Doors, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    assert doors.leaks == {}
    assert {where: told(text) for where, text in rows() if told(text)} == {}
    assert told(caplog.text) == []
    assert told("".join(capfd.readouterr())) == []


def test_nobody_is_told_what_nodes_and_probes_answer(
    desk: Desk,
    doors: Doors,
    settings: Any,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Both may say anything: a node tells whole documents, an echo what it was sent."""
    caplog.set_level("DEBUG")
    settings.NODE_WAIT = 0
    plain = b'{"value": {"plugins": "canary-node-plugin"}, "modifiedIndex": "canary-i"}'
    broken = (
        b"HTTP/1.1 200 canary-node-reason\r\ncanary-node-header: x\r\n\r\ncanary-raw"
    )
    moved = http(302, b"canary-probe-body").replace(
        b"\r\n\r\n",
        b"\r\nLocation: http://u:canary-probe-user@h/?token=canary-q\r\n\r\n",
    )
    with (
        evil(says(http(200, plain))) as telling,
        evil(says(broken)) as breaking,
        evil(says(moved)) as public,
    ):
        desk.gateway.control_urls = [telling.url, breaking.url]
        desk.gateway.public_url = public.url
        desk.gateway.save()
        probe = Probe(path="/r", status=200, contains="fine", take_back=True)
        change = desk.ask(
            creates(
                "route", "r", uri="/r", upstream=upstream(), plugins=plugins("one")
            ),
            terms=Terms(probe=probe),
        )
        desk.approve(change)
        assert desk.deliver(change).state == State.APPLIED
        delivery = change.latest_revision().delivery
        assert watch(delivery.pk)
        for _ in range(TRIES):
            ProbeRun.objects.update(not_before=None)
            send_probe(delivery.pk)
        assert ProbeRun.objects.get().state == "failed"
        assert NodeSighting.objects.exclude(words="").count() == 2

        for address in (
            f"/changes/{change.pk}/",
            f"/api/changes/{change.pk}",
            "/audit/",
        ):
            if address.startswith("/api/"):
                doors.look(address, doors.program.get(address), 200)
            else:
                doors.look(address, doors.admin.get(address), 200)
    for model in (NodeSighting, ProbeRun):
        label = model._meta.label_lower.replace(".", "/")
        for pk in keys(model):
            address = f"/admin/{label}/{pk}/change/"
            doors.look(address, doors.admin.get(address))

    assert_nothing_told(doors, caplog, capfd)


def test_nobody_is_told_by_a_promotion(
    desk: Desk,
    doors: Doors,
    second_sandbox: SandboxGateway,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level("DEBUG")
    make_gateway(
        "production",
        admin_url=second_sandbox.admin_url,
        admin_key=second_sandbox.key,
        version="",
    )
    for (kind, key), document in secretive("one").items():
        desk.sandbox.put(kind, key, document)
    for (kind, key), document in secretive("two").items():
        second_sandbox.put(kind, key, document)
    everything = [{"kind": kind, "id": key} for kind, key in secretive("")]
    # Private keys, which gateways do not show, are stopped.
    going = [
        one for one in everything if one["kind"] not in {"ssl", "upstream", "route"}
    ]
    door, page = (
        "/api/gateways/production/promote",
        "/gateways/production/promote/",
    )

    for picked in (everything, going):
        body = {"from": "default", "items": picked, "reason": "It works there."}
        form: dict[str, Any] = {
            "from": "default",
            "reason": "It works there.",
            "pick": [f"{one['kind']}/{one['id']}" for one in picked],
            "with_references": "on",
        }
        for more in ({"preview": True}, {}):
            for name, program in doors.programs.items():
                answer = program.post(door, body | more)
                doors.look(f"{name} {more}", answer, 200, 202, 403, 409, 422)
        for do in ("preview", "send"):
            for client in (doors.alice, doors.admin):
                answer = client.post(page, form | {"do": do})
                doors.look(f"{page} {do}", answer, 200, 302, 409, 422)
    assert ChangeRequest.objects.filter(promoted_from__isnull=False).exists()
    for pk in keys(ChangeRequest):
        for client in (doors.alice, doors.admin):
            doors.look(f"change {pk}", client.get(f"/changes/{pk}/"), 200)
        doors.look(f"api {pk}", doors.program.get(f"/api/changes/{pk}"), 200)

    assert_nothing_told(doors, caplog, capfd)
