"""Words that somebody wrote to trick a reader, wherever somebody may write any: every page
shows them as what they are, and no page does what they say.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.http import HttpResponse
from django.utils import timezone

from gateway.mirror import refresh
from gateway.models import Gateway
from portal.changes.freezes import make_freeze
from portal.changes.models import (
    ChangeRequest,
    Freeze,
    ImportFile,
    ProbeRun,
)
from portal.changes.review import add_comment, request_changes
from portal.changes.transfer.formats import Format
from portal.changes.transfer.later import import_kept, keep_for_later
from portal.changes.transfer.propose_file import FileAsked
from portal.drift.models import Drift, DriftRule
from portal.drift.ruling import add_rule
from portal.drift.scan import scan
from tests.actors import present, program
from tests.changes.conftest import Desk, desk
from tests.changes.delivering import approved, creates, route, upstream
from tests.factories import make_sighting, make_token
from tests.test_no_token_decides import Anything, urls
from tests.web.conftest import sign_in

__all__ = ["desk"]

pytestmark = pytest.mark.django_db

MARKUP = "</script></title></textarea>\"'><img src=x onerror=alert(1)><script>evil()"
BIDI = "safe\u202egpj.exe\u2066\u200b\ufeff"
LINES = 'one\r\nSet-Cookie: a=b\n{"event": "forged"}\x85\u2028two'
NO_BLANKS = "</td><svg/onload=alert(1)>\u202e"
FORMULA = '=HYPERLINK("http://evil","x")'
EVIL = f"{MARKUP} {BIDI} {FORMULA}"
HIDDEN = re.compile("[\u202a-\u202e\u2066-\u2069\u200b-\u200f\u2028\u2029\ufeff\x85]")


def hostile(desk: Desk) -> ChangeRequest:
    """Write them wherever one may; return a change that is full of them."""
    people, gateway = desk.people, desk.gateway
    outside = {"uri": "/evil", "name": EVIL[:90], "desc": EVIL, "labels": {"a": "b"}}
    desk.sandbox.put("route", "old", {"uri": "/old", "upstream": upstream()})
    scan(Gateway.objects.get())
    desk.sandbox.put(
        "route",
        "old",
        outside
        | {
            "upstream": upstream(),
            "labels": {"managed-by": NO_BLANKS, "k8s/name": BIDI},
            "plugins": {"response-rewrite": {"body": EVIL}},
        },
    )
    scan(Gateway.objects.get())
    token, _ = make_token(people.alice, name=EVIL[:80])
    actor = program(people.alice)
    change = desk.ask(
        route("new", name=EVIL[:90], desc=EVIL, labels={"team": BIDI}),
        actor=type(actor)(
            person=people.alice, channel="api", client=EVIL[:200], token=token
        ),
        title=EVIL[:200],
        conversation=EVIL[:200],
    )
    add_comment(change, actor=present(people.omar), text=f"{EVIL}\n{LINES}")
    request_changes(change.latest_revision(), actor=present(people.riley), comment=EVIL)
    add_rule(
        DriftRule(gateway=gateway, resource_id=MARKUP[:60], reason=EVIL),
        actor=present(people.admin),
    )
    now = timezone.now()
    make_freeze(
        Freeze(
            gateway=gateway,
            starts_at=now,
            ends_at=now.replace(year=now.year + 1, month=1),
            reason=EVIL,
        ),
        actor=present(people.admin),
    )
    applied = approved(desk, creates("upstream", "u", **upstream(desc=EVIL)))
    delivery = applied.latest_revision().delivery
    make_sighting(delivery, state="lagging", words=f"{EVIL} {LINES}")
    ProbeRun.objects.create(
        delivery=delivery,
        state="failed",
        begun=1,
        tries=[
            {"at": now.isoformat(), "milliseconds": 1, "status": 200, "words": EVIL}
        ],
    )
    file = keep_for_later(
        FileAsked(
            gateway=gateway,
            source=f"routes:\n- id: {'x'}\n  uri: 7\n  {EVIL!r}: 1\n#END\n".encode(),
            format=Format.APISIX,
            reason=EVIL,
            title=EVIL[:200],
        ),
        actor=present(people.alice),
    )
    import_kept(file.pk)
    refresh(gateway)
    return change


def addresses() -> Iterator[str]:
    values = {"slug": "default", "kind": "routes", "resource_id": "old"}
    skipped = re.compile(r"logout|readyz|metrics")
    yield from (
        one for one in urls(Anything(values, number="1")) if not skipped.search(one)
    )
    for kind, key in (("routes", "old"), ("routes", "new"), ("upstreams", "u")):
        yield f"/gateways/default/{kind}/{key}/"
    for number in ChangeRequest.objects.values_list("pk", flat=True):
        for page in ("", "revise/", "rebase/", "rollback/"):
            yield f"/changes/{number}/{page}"
    for pk in Drift.objects.values_list("pk", flat=True):
        yield f"/gateways/default/drift/{pk}/"
    yield "/gateways/default/simulator/?url=http://h/evil"
    yield f"/changes/?q={MARKUP}"
    yield "/gateways/default/routes/?q=%E2%80%AE"
    for model in apps.get_models():
        label = model._meta.label_lower.replace(".", "/")
        for pk in list(model.objects.values_list("pk", flat=True))[:40]:
            yield f"/admin/{label}/{pk}/change/"
            yield f"/admin/{label}/{pk}/history/"
        yield f"/admin/{label}/"
        yield f"/admin/{label}/?q=%3Cscript%3E"


def wrong_in(answer: HttpResponse) -> list[str]:
    """What a page tells that a browser would not take for plain words."""
    if not answer.get("Content-Type", "").startswith("text/html"):
        return []
    text = answer.content.decode()
    found = [bad for bad in ("<script>evil", "<img src=x", "\"'><") if bad in text]
    # What somebody edits stays as it is: a field must not change what it is given.
    shown = re.sub(r"<textarea.*?</textarea>|<input[^>]*>", "", text, flags=re.S)
    return found + [f"U+{ord(char):04X}" for char in set(HIDDEN.findall(shown))]


def test_no_page_does_or_hides_what_somebody_wrote(desk: Desk) -> None:
    hostile(desk)
    assert ImportFile.objects.get().state == "refused"
    assert Drift.objects.exists()
    clients = {name: sign_in(getattr(desk.people, name)) for name in ("alice", "admin")}

    wrong: dict[str, Any] = {}
    shown = 0
    for address in sorted(set(addresses())):
        for name, client in clients.items():
            answer: HttpResponse = client.get(address, headers={"accept": "text/html"})
            assert answer.status_code < 500, address
            if bad := wrong_in(answer):
                wrong[f"{name} {address}"] = bad
            shown += b"onerror=alert" in answer.content
    assert shown > 20, "they were there to be seen"
    assert wrong == {}
