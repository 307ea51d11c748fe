"""A file becomes a change of all that is not as it says, and of nothing else."""

from typing import Any

import pytest

from portal.accounts.errors import NotAllowed
from portal.changes.asked import ItemAsked
from portal.changes.errors import (
    Blocked,
    ChangeError,
    GatewayDown,
    KeyReused,
    Malformed,
    NothingToChange,
)
from portal.changes.models import ChangeRequest
from portal.changes.states import State
from portal.changes.transfer.export import export
from portal.changes.transfer.formats import Format, Secrets
from portal.changes.transfer.propose_file import (
    FileAsked,
    Imported,
    preview_file,
    propose_file,
)
from tests.actors import present, program
from tests.certificates import self_signed
from tests.changes.conftest import Desk, refused
from tests.factories import make_live_gateway

pytestmark = pytest.mark.django_db

SECRET = "jacks-secret-key"
JACK = {"username": "jack", "plugins": {"key-auth": {"key": SECRET}}}
NODES = {"type": "roundrobin", "nodes": {"10.0.0.1:80": 1}}
FULL: dict[tuple[str, str], dict[str, Any]] = {
    ("upstream", "u1"): NODES,
    ("service", "s1"): {"upstream_id": "u1", "name": "shop"},
    ("plugin_config", "p1"): {"plugins": {"cors": {}}},
    ("route", "r1"): {"uri": "/a", "service_id": "s1", "plugin_config_id": "p1"},
    ("route", "r2"): {"uris": ["/b", "/c"], "upstream": NODES, "priority": 3},
    ("consumer_group", "g1"): {"plugins": {"cors": {}}},
    ("consumer", "jack"): JACK | {"group_id": "g1"},
    ("credential", "jack/credentials/c1"): {
        "plugins": {"key-auth": {"key": "jacks-other-key"}}
    },
    ("global_rule", "1"): {"plugins": {"prometheus": {}}},
    ("plugin_metadata", "http-logger"): {"log_format": {"a": "$host"}},
    ("proto", "pb"): {"content": 'syntax = "proto3";'},
    ("secret", "vault/1"): {
        "uri": "http://127.0.0.1:8200",
        "prefix": "kv/apisix",
        "token": "the-vault-token",
    },
}
FORMATS = list(Format)


def fill(desk: Desk) -> None:
    for (kind, resource_id), document in FULL.items():
        desk.sandbox.put(kind, resource_id, document)


def held(desk: Desk) -> dict[str, Any]:
    """All that the gateway holds, without times."""
    return {
        f"{kind} {resource_id}": {
            name: value
            for name, value in (desk.live(resource_id, kind) or {}).items()
            if not name.endswith("_time")
        }
        for kind, resource_id in FULL
    }


def exported(desk: Desk, format: Format, *, secrets: Secrets | None = None) -> str:
    usual = Secrets.SEALED if format is Format.BACKUP else Secrets.CLEAR
    return export(
        desk.gateway,
        format=format,
        secrets=secrets or usual,
        actor=present(desk.people.admin),
    ).text


def asked(desk: Desk, text: str, format: Format, **fields: Any) -> FileAsked:
    told: dict[str, Any] = {"reason": "As it was.", "gateway": desk.gateway} | fields
    return FileAsked(source=text.encode(), format=format, **told)


def bring(desk: Desk, text: str, format: Format, **fields: Any) -> Imported:
    actor = present(desk.people.alice)
    return propose_file(asked(desk, text, format, **fields), actor=actor)


def items(change: ChangeRequest) -> list[tuple[str, str, str]]:
    rows = change.latest_revision().items.all()
    return sorted((row.action, row.kind, row.resource_id) for row in rows)


def refusal(desk: Desk, text: str, format: Format, **fields: Any) -> ChangeError:
    with pytest.raises(ChangeError) as caught:
        bring(desk, text, format, **fields)
    assert not ChangeRequest.objects.exists()
    return caught.value


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("delete_missing", [False, True])
@pytest.mark.parametrize("in_clear", [False, True], ids=["marks", "whole"])
def test_what_was_just_written_means_no_change(
    desk: Desk, format: Format, *, delete_missing: bool, in_clear: bool
) -> None:
    fill(desk)
    text = exported(desk, format, secrets=None if in_clear else Secrets.LEFT_OUT)

    refused_with = refusal(desk, text, format, delete_missing=delete_missing)

    assert isinstance(refused_with, NothingToChange)


@pytest.mark.parametrize("format", [Format.BACKUP, Format.APISIX])
def test_an_emptied_gateway_is_brought_back_whole(desk: Desk, format: Format) -> None:
    fill(desk)
    before, text = held(desk), exported(desk, format)
    desk.sandbox.reset()

    change = bring(desk, text, format).proposed.change

    assert items(change) == sorted(("create", *key) for key in FULL)
    assert (change.channel, change.state) == ("import", State.IN_REVIEW)
    assert not any(held(desk).values())
    desk.approve(change)
    assert desk.deliver(change).state == State.APPLIED
    assert held(desk) == before


def test_what_adc_can_say_is_brought_back(desk: Desk) -> None:
    fill(desk)
    text = exported(desk, Format.ADC)
    desk.sandbox.delete("route", "r2")
    desk.sandbox.delete("consumer", "jack", force=True)
    desk.sandbox.put("consumer", "jack", {"username": "jack"})

    change = bring(desk, text, Format.ADC).proposed.change

    assert {("create", "route", "r2"), ("update", "consumer", "jack")} <= set(
        items(change)
    )
    desk.approve(change)
    assert desk.deliver(change).state == State.APPLIED
    assert desk.live("jack", "consumer")["plugins"] == JACK["plugins"]


def test_only_what_differs_is_asked_for_and_the_rest_stays(desk: Desk) -> None:
    fill(desk)
    text = exported(desk, Format.APISIX)
    desk.sandbox.put("route", "r1", FULL["route", "r1"] | {"priority": 9})
    desk.sandbox.put("route", "new", {"uri": "/new", "upstream": NODES})
    desk.sandbox.delete("proto", "pb")

    change = bring(desk, text, Format.APISIX).proposed.change

    assert items(change) == [("create", "proto", "pb"), ("update", "route", "r1")]
    wanted = change.latest_revision().items.get(kind="route").whole_wanted()
    assert wanted is not None
    assert "priority" not in wanted


@pytest.mark.parametrize("format", FORMATS)
def test_what_is_missing_goes_only_when_that_is_asked(
    desk: Desk, format: Format
) -> None:
    fill(desk)
    text = exported(desk, format)
    desk.sandbox.put("consumer", "new", {"username": "new"})

    assert isinstance(refusal(desk, text, format), NothingToChange)
    change = bring(desk, text, format, delete_missing=True).proposed.change

    assert items(change) == [("delete", "consumer", "new")]


def test_what_adc_cannot_say_never_goes(desk: Desk) -> None:
    desk.sandbox.put("proto", "pb", FULL["proto", "pb"])
    desk.sandbox.put("consumer", "jack", JACK)

    change = bring(desk, "{}\n", Format.ADC, delete_missing=True).proposed.change

    assert items(change) == [("delete", "consumer", "jack")]


def test_a_backup_says_nothing_of_kinds_it_did_not_read(desk: Desk) -> None:
    desk.sandbox.put("proto", "pb", FULL["proto", "pb"])
    desk.sandbox.put("consumer", "jack", JACK)
    text = exported(desk, Format.BACKUP)
    head, _, _ = text.partition("\n")
    head = head.replace('"proto",', "")
    assert '"proto"' not in head

    change = bring(
        desk, f'{head}\n{{"end":0}}\n', Format.BACKUP, delete_missing=True
    ).proposed.change

    assert items(change) == [("delete", "consumer", "jack")]


def test_a_mark_stands_for_the_secret_that_is_there(desk: Desk) -> None:
    desk.sandbox.put("consumer", "jack", JACK)
    text = exported(desk, Format.APISIX, secrets=Secrets.LEFT_OUT)
    desk.sandbox.put("consumer", "jack", JACK | {"desc": "changed"})

    change = bring(desk, text, Format.APISIX).proposed.change

    item = change.latest_revision().items.get()
    assert item.whole_wanted() == JACK
    assert SECRET not in str(item.wanted)


def test_a_mark_for_a_secret_that_is_gone_stops_it_with_the_line(desk: Desk) -> None:
    desk.sandbox.put("consumer", "jack", JACK)
    text = exported(desk, Format.APISIX, secrets=Secrets.LEFT_OUT)
    desk.sandbox.reset()

    error = refusal(desk, text, Format.APISIX)

    assert isinstance(error, Blocked)
    line = text[: text.index("- id: jack")].count("\n") + 1
    assert str(error).startswith(f"Line {line}: ")
    assert error.field == "consumers.jack.plugins.key-auth.key"
    assert error.extra["line"] == line
    assert {one["line"] for one in error.extra["findings"]} == {line}


def test_a_certificate_keeps_the_key_that_is_known_here(desk: Desk) -> None:
    cert, key = self_signed("api.example.com").pems
    ssl = {"snis": ["api.example.com"], "cert": cert, "key": key}
    desk.applied(ItemAsked(action="create", kind="ssl", id="ours", document=ssl))
    text = exported(desk, Format.APISIX, secrets=Secrets.LEFT_OUT)
    assert isinstance(refusal_of_same(desk, text), NothingToChange)

    changed = text.replace("- api.example.com", "- www.example.com")
    change = bring(desk, changed, Format.APISIX).proposed.change

    wanted = change.latest_revision().items.get().whole_wanted()
    assert wanted is not None
    assert (wanted["snis"], wanted["key"]) == (["www.example.com"], key)


def refusal_of_same(desk: Desk, text: str) -> ChangeError:
    with pytest.raises(ChangeError) as caught:
        bring(desk, text, Format.APISIX)
    return caught.value


def test_another_key_is_never_taken_for_the_same(desk: Desk) -> None:
    cert, key = self_signed("api.example.com").pems
    desk.sandbox.put(
        "ssl", "theirs", {"snis": ["api.example.com"], "cert": cert, "key": key}
    )
    text = exported(desk, Format.BACKUP, secrets=Secrets.LEFT_OUT)
    with_key = text.replace('"cert":', f'"key":{jsoned(key)},"cert":')

    change = bring(desk, with_key, Format.BACKUP).proposed.change

    assert items(change) == [("update", "ssl", "theirs")]


def jsoned(text: str) -> str:
    return '"' + text.replace("\n", "\\n") + '"'


@pytest.mark.parametrize(
    ("text", "format", "words"),
    [
        ("routes: [", Format.APISIX, "This is no YAML"),
        ("", Format.ADC, "empty"),
        ("routes:\n- id: a\n  uri: &x /a\n  name: *x\n#END", Format.APISIX, "Line 4"),
        ("routez: []\n#END", Format.APISIX, "no kind"),
        ("{}", Format.BACKUP, "no backup"),
    ],
)
def test_a_file_that_is_none_is_told(
    desk: Desk, text: str, format: Format, words: str
) -> None:
    error = refusal(desk, text, format)

    assert isinstance(error, Malformed)
    assert error.field == "file"
    assert words in str(error)


def test_a_backup_of_another_gateway_is_refused(desk: Desk) -> None:
    fill(desk)
    text = exported(desk, Format.BACKUP)
    other = make_live_gateway(
        desk.sandbox,
        "other",
    )

    error = refusal(desk, text, Format.BACKUP, gateway=other)

    assert "a backup of gateway default, not of other" in str(error)


def test_more_than_a_change_holds_is_told(desk: Desk) -> None:
    routes = "".join(f"- {{id: r{n}, uri: /{n}}}\n" for n in range(2_001))

    error = refusal(desk, f"routes:\n{routes}#END", Format.APISIX)

    assert "2,001 resources" in str(error)
    assert error.field == "file"


def test_who_may_not_ask_may_not_import(desk: Desk) -> None:
    request = asked(desk, "{}\n#END", Format.APISIX)

    refused(
        NotAllowed, lambda: propose_file(request, actor=present(desk.people.audrey))
    )


def test_a_gateway_that_is_down_stores_nothing(desk: Desk) -> None:
    desk.sandbox.stop()
    try:
        assert isinstance(refusal(desk, "{}\n#END", Format.APISIX), GatewayDown)
    finally:
        desk.sandbox.start()


def test_the_same_file_again_is_the_same_change(desk: Desk) -> None:
    text = "consumers:\n- username: jack\n#END"
    actor = program(desk.people.alice)
    request = asked(desk, text, Format.APISIX, idempotency_key="once")

    first = propose_file(request, actor=actor).proposed
    # What the file means for the gateway is another thing by now.
    desk.approve(first.change)
    desk.deliver(first.change)
    again = propose_file(request, actor=actor).proposed

    assert (again.change, again.is_replay) == (first.change, True)
    with pytest.raises(KeyReused):
        propose_file(
            asked(
                desk,
                text,
                Format.APISIX,
                idempotency_key="once",
                delete_missing=True,
            ),
            actor=actor,
        )


def test_a_preview_stores_nothing(desk: Desk) -> None:
    desk.sandbox.put("consumer", "jack", JACK)
    request = asked(desk, "{}\n#END", Format.APISIX, delete_missing=True)

    plan = preview_file(request, actor=present(desk.people.alice))

    assert [(one.action, one.id) for one in plan.items] == [("delete", "jack")]
    assert not ChangeRequest.objects.exists()
