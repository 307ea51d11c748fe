"""One change: who is offered what, and what pressing it does."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from gateway.models import Gateway
from portal.accounts.roles import Role
from portal.audit.models import AuditEvent
from portal.changes.models import (
    ChangeRequest,
    Comment,
    Delivery,
    NodeSighting,
    ProbeRun,
    ProbeState,
    Review,
    Revision,
    Sight,
    Step,
)
from portal.changes.probe import Probe
from portal.changes.states import State
from tests.factories import (
    Cast,
    item,
    make_change,
    make_comment,
    make_delivery,
    make_person,
    make_probe_run,
    make_review,
    make_revision,
    make_sighting,
    make_token,
    route_document,
)
from tests.web.conftest import sign_in

As = Callable[[str], Client]

BUTTON = re.compile(r"<button[^>]*type=\"submit\"[^>]*>(.*?)</button>", re.DOTALL)
DECISIONS = ("Approve", "Reject", "Request changes", "Withdraw", "Cancel", "Retry")


def buttons(page: str) -> set[str]:
    """The decisions that the page offers, by the verb their label begins with."""
    labels = [
        re.sub(r"<svg.*?</svg>|<span.*?</span>", "", label, flags=re.DOTALL).strip()
        for label in BUTTON.findall(page)
    ]
    return {verb for verb in DECISIONS for label in labels if label.startswith(verb)}


def press(
    client: Client, change: ChangeRequest, name: str, **fields: str
) -> "tuple[int, str]":
    """Press a button as the page's form does; return status and final page."""
    revision = change.latest_revision()
    response = client.post(
        f"{change.get_absolute_url()}{name}/",
        {"revision": revision.number, "digest": revision.digest} | fields,
        follow=True,
    )
    return response.status_code, response.content.decode()


@pytest.mark.parametrize(
    ("name", "offered"),
    [
        ("alice", {"Withdraw"}),
        ("riley", {"Approve", "Reject", "Request changes"}),
        ("omar", {"Approve", "Reject", "Request changes"}),
        ("audrey", set()),
        ("admin", {"Approve", "Reject", "Request changes"}),
    ],
)
def test_a_change_in_review_offers_each_role_what_it_may_do(
    as_: As, change: ChangeRequest, name: str, offered: set[str]
) -> None:
    response = as_(name).get(change.get_absolute_url())

    assert response.status_code == 200
    assert buttons(response.content.decode()) == offered


@pytest.mark.parametrize(
    ("state", "name", "offered"),
    [
        (State.APPROVED, "omar", {"Cancel"}),
        (State.APPROVED, "riley", set()),
        (State.FAILED, "omar", {"Retry"}),
        (State.FAILED, "riley", set()),
        (State.FAILED, "alice", {"Withdraw"}),
        (State.APPLIED, "omar", set()),
        (State.REJECTED, "alice", set()),
        (State.CHANGES_REQUESTED, "alice", {"Withdraw"}),
    ],
)
def test_later_states_offer_what_still_can_be_done(
    as_: As,
    gateway: Gateway,
    people: Cast,
    state: State,
    name: str,
    offered: set[str],
) -> None:
    change = make_change(gateway=gateway, author=people.alice, state=state)
    if state in (State.APPROVED, State.FAILED, State.APPLIED):
        make_delivery(change, state="failed" if state is State.FAILED else "pending")

    page = as_(name).get(change.get_absolute_url()).content.decode()

    assert buttons(page) == offered


def test_each_decision_has_a_form_of_its_own_and_approving_needs_no_other_field(
    as_: As, change: ChangeRequest
) -> None:
    page = as_("riley").get(change.get_absolute_url()).content.decode()

    forms = re.findall(r"<form[^>]*method=\"post\".*?</form>", page, re.DOTALL)
    by_verb = {verb: form for form in forms for verb in buttons(form)}
    assert set(by_verb) == {"Approve", "Reject", "Request changes"}
    approve = by_verb["Approve"]
    assert set(re.findall(r"<(?:input|textarea|select)[^>]*", approve)) == set(
        re.findall(r"<input type=\"hidden\"[^>]*", approve)
    )
    labels = [re.sub(r"<.*?>", "", label) for label in BUTTON.findall(page)]
    assert sum("approve" in label.lower() for label in labels) == 1


def test_the_page_works_without_scripts_and_holds_none(
    as_: As, change: ChangeRequest
) -> None:
    page = as_("riley").get(change.get_absolute_url()).content.decode()

    assert all(" src=" in tag for tag in re.findall(r"<script[^>]*>", page))
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", page)


def test_riley_approves(as_: As, change: ChangeRequest) -> None:
    status, page = press(as_("riley"), change, "approve")

    change.refresh_from_db()
    assert status == 200
    assert "You approved revision 1." in page
    assert change.state == State.APPROVED
    assert Delivery.objects.get().revision.change == change
    event = AuditEvent.objects.get(event="change.approved")
    assert (event.actor, event.channel) == ("riley", "portal")


def test_a_double_click_gives_one_outcome_and_friendly_words(
    as_: As, change: ChangeRequest
) -> None:
    client = as_("riley")
    press(client, change, "approve")

    status, page = press(client, change, "approve")

    assert status == 409
    assert "You have already decided" in page
    assert Review.objects.count() == Delivery.objects.count() == 1


@pytest.mark.parametrize("name", ["reject", "request-changes"])
def test_declining_needs_a_note_and_shows_it_to_the_author(
    as_: As, change: ChangeRequest, name: str
) -> None:
    status, page = press(as_("riley"), change, name, comment="  ")
    assert status == 400
    assert "Say why" in page

    press(as_("riley"), change, name, comment="Limit it to <b>10</b> a minute.")

    seen = as_("alice").get(change.get_absolute_url()).content.decode()
    assert "Limit it to &lt;b&gt;10&lt;/b&gt; a minute." in seen
    change.refresh_from_db()
    assert change.state == (
        State.REJECTED if name == "reject" else State.CHANGES_REQUESTED
    )


def test_alice_cannot_approve_her_own(as_: As, change: ChangeRequest) -> None:
    status, page = press(as_("alice"), change, "approve")

    assert status == 403
    assert Review.objects.count() == 0


def test_a_superuser_cannot_approve_what_they_wrote(
    as_: As, gateway: Gateway, people: Cast
) -> None:
    change = make_change(gateway=gateway, author=people.admin)

    status, page = press(as_("admin"), change, "approve")

    assert status == 403
    assert "somebody else" in page.lower()
    assert Review.objects.count() == 0


def test_an_outdated_revision_is_not_approved(
    as_: As, people: Cast, change: ChangeRequest
) -> None:
    client, seen = as_("riley"), change.latest_revision()
    make_revision(change, items=[item(wanted=route_document(uri="/other/*"))])

    response = client.post(
        f"{change.get_absolute_url()}approve/",
        {"revision": seen.number, "digest": seen.digest},
    )

    assert response.status_code == 409
    page = response.content.decode()
    assert "no longer the latest" in page
    assert "/other/*" in page
    assert Review.objects.count() == 0


def test_a_digest_that_was_not_shown_is_not_approved(
    as_: As, change: ChangeRequest
) -> None:
    status, page = press(as_("riley"), change, "approve", digest="0" * 64)

    assert status == 409
    assert Review.objects.count() == 0


@pytest.mark.parametrize("number", ["", "x", "-1", "²", "9" * 40])
def test_a_form_without_its_revision_is_refused_in_words(
    as_: As, change: ChangeRequest, number: str
) -> None:
    status, page = press(as_("riley"), change, "approve", revision=number)

    assert status == 400
    assert "which revision" in page
    assert Review.objects.count() == 0


def test_what_was_typed_is_kept_when_a_decision_is_refused(
    as_: As, change: ChangeRequest
) -> None:
    client = as_("riley")
    client.get(change.get_absolute_url())
    make_revision(change)

    response = client.post(
        f"{change.get_absolute_url()}reject/",
        {"revision": "1", "digest": "old", "comment": "A long and careful note"},
    )

    assert response.status_code == 409
    assert "A long and careful note" in response.content.decode()


@pytest.mark.parametrize(
    "name",
    ["approve", "reject", "request-changes", "comment", "withdraw", "cancel", "retry"],
)
def test_nothing_is_done_without_the_forms_token(
    people: Cast, change: ChangeRequest, name: str
) -> None:
    client = sign_in(people.riley, enforce_csrf_checks=True)

    response = client.post(f"{change.get_absolute_url()}{name}/", {"comment": "x"})

    assert response.status_code == 403
    assert "reload the page" in response.content.decode()
    change.refresh_from_db()
    assert change.state == State.IN_REVIEW
    assert Comment.objects.count() == Review.objects.count() == 0


@pytest.mark.parametrize(
    "name", ["approve", "reject", "comment", "withdraw", "cancel", "retry"]
)
def test_the_auditor_does_nothing(as_: As, change: ChangeRequest, name: str) -> None:
    status, _ = press(as_("audrey"), change, name, comment="x")

    assert status == 403
    change.refresh_from_db()
    assert change.state == State.IN_REVIEW
    assert not AuditEvent.objects.exists()


def test_a_get_of_a_decision_only_leads_to_the_page(
    as_: As, change: ChangeRequest
) -> None:
    response = as_("riley").get(f"{change.get_absolute_url()}approve/")

    assert response.status_code == 302
    assert response["Location"] == change.get_absolute_url()
    assert Review.objects.count() == 0


def test_alice_withdraws_her_own(as_: As, change: ChangeRequest) -> None:
    press(as_("alice"), change, "withdraw")

    change.refresh_from_db()
    assert change.state == State.WITHDRAWN
    page = as_("riley").get(change.get_absolute_url()).content.decode()
    assert "withdrew the change" in page


def test_omar_cancels_and_retries(as_: As, gateway: Gateway, people: Cast) -> None:
    approved = make_change(gateway=gateway, author=people.alice, state=State.APPROVED)
    make_delivery(approved, state="pending")
    failed = make_change(gateway=gateway, author=people.alice, state=State.FAILED)
    make_review(failed.latest_revision(), people.riley)
    make_delivery(failed, state="failed")

    assert press(as_("omar"), approved, "cancel", comment="Not today")[0] == 200
    assert press(as_("omar"), failed, "retry")[0] == 200

    approved.refresh_from_db()
    failed.refresh_from_db()
    assert (approved.state, failed.state) == (State.WITHDRAWN, State.APPROVED)


def test_a_comment_joins_the_conversation_and_an_empty_one_does_not(
    as_: As, change: ChangeRequest
) -> None:
    client = as_("alice")
    assert press(client, change, "comment", comment="")[0] == 400
    assert press(client, change, "comment", comment="x" * 10_001)[0] == 400

    status, page = press(client, change, "comment", comment="Any news?")

    assert status == 200
    assert "Any news?" in page
    assert Comment.objects.count() == 1


def test_words_of_others_are_shown_as_text_with_what_hides_made_visible(
    as_: As, gateway: Gateway, people: Cast
) -> None:
    token, _ = make_token(people.alice)
    change = make_change(
        gateway=gateway,
        author=people.alice,
        token=token,
        title="<script>alert(1)</script> safe\u202e gnihton",
        reason="p\u0430ypal \u200b {{ 7|add:1 }} [click](javascript:x)\nsecond line",
        client="Chat\u2066GPT",
    )
    make_comment(change, people.omar, "<img src=x onerror=alert(1)>")

    page = as_("riley").get(change.get_absolute_url()).content.decode()

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<img src=x" not in page
    for hidden, marked in (
        ("\u202e", "⟨U+202E⟩"),
        ("\u200b", "⟨U+200B⟩"),
        ("\u2066", "⟨U+2066⟩"),
    ):
        assert hidden not in page
        assert marked in page
    assert "\u0430⟨U+0430⟩" in page
    assert "{{ 7|add:1 }}" in page


def test_every_field_that_changes_is_on_the_page_unfolded(
    as_: As, gateway: Gateway, people: Cast
) -> None:
    before = route_document(plugins={"limit-count": {"count": 100, "time_window": 60}})
    after = route_document(plugins={"limit-count": {"count": 50, "time_window": 60}})
    change = make_change(
        gateway=gateway,
        author=people.alice,
        items=[
            item("update", base=before, wanted=after),
            item("delete", resource_id="old", base=route_document(uri="/old")),
        ],
    )

    page = as_("riley").get(change.get_absolute_url()).content.decode()

    unfolded = re.sub(r"<details.*?</details>", "", page, flags=re.DOTALL)
    said = " ".join(re.sub("<[^>]+>", "", unfolded).split())
    assert "Requests allowed count from 100 → to 50 per minute" in said
    assert re.search(r"<del[^>]*>/old</del>", unfolded)
    assert "Node 127.0.0.1:8000 from weight 1" in said


def test_findings_are_shown_heaviest_first_with_their_mend(
    as_: As, gateway: Gateway, people: Cast
) -> None:
    findings = [
        {
            "code": f"code_{severity}",
            "severity": severity,
            "item": 0,
            "path": "uri",
            "words": f"Words of {severity}.",
            "mend": f"Mend of {severity}.",
        }
        for severity in ("info", "warning")
    ]
    change = make_change(gateway=gateway, author=people.alice, findings=findings)

    page = as_("riley").get(change.get_absolute_url()).content.decode()

    assert page.index("Words of warning.") < page.index("Words of info.")
    assert "Mend of warning." in page


def test_lines_that_quote_somebody_stand_apart_and_stay_words(
    as_: As, change: ChangeRequest, people: Cast
) -> None:
    text = "> Is it <b>open?\n> Really?\n\nIt is.\n>> no space\n"
    make_comment(change, people.omar, text)

    page = as_("riley").get(change.get_absolute_url()).content.decode()

    said = re.findall(r"<(blockquote|p) class=\"quote[^>]*>(.*?)</", page, re.DOTALL)
    assert said[-3:] == [
        ("blockquote", "Is it &lt;b&gt;open?\nReally?"),
        ("p", "It is."),
        ("blockquote", "&gt; no space"),
    ]


def test_the_delivery_tells_what_was_sent_answered_and_read_back(
    as_: As, gateway: Gateway, people: Cast
) -> None:
    change = make_change(gateway=gateway, author=people.alice, state=State.APPLIED)
    make_delivery(change)

    page = as_("alice").get(change.get_absolute_url()).content.decode()

    for words in ("PUT /routes/conference-x1y2z3", "Read back", "12 ms", "201"):
        assert words in page


def test_how_far_a_delivery_is_stands_first_and_is_read_out_by_quarters(
    as_: As, gateway: Gateway, people: Cast
) -> None:
    change = make_change(
        gateway=gateway,
        author=people.alice,
        state=State.DELIVERING,
        items=[item(resource_id=f"r{n}") for n in range(8)],
    )
    delivery = make_delivery(change, state="sending")
    client = as_("riley")
    page = client.get(change.get_absolute_url()).content.decode()
    assert page.index('id="delivery"') < page.index('id="does"')
    assert "8 of 8 written" in page

    for done, heard in ((5, ": half is written"), (4, ": half is written"), (1, "")):
        delivery_steps = Step.objects.filter(attempt__delivery=delivery)
        delivery_steps.filter(item__position__gte=done).delete()
        _, news = fragment(client, change, "")
        assert f"{done} of 8 written" in news
        assert f'innerHTML">Delivering{heard}</p>' in news


def fragment(client: Client, change: ChangeRequest, seen: str) -> "tuple[int, str]":
    response = client.get(
        f"{change.get_absolute_url()}?seen={seen}", headers={"HX-Request": "true"}
    )
    return response.status_code, response.content.decode()


def seen_by(client: Client, change: ChangeRequest) -> str:
    page = client.get(change.get_absolute_url()).content.decode()
    found = re.search(r"seen=([0-9a-f.]+)", page)
    assert found
    return found[1]


def test_an_open_page_is_sent_nothing_while_nothing_is_new(
    as_: As, change: ChangeRequest
) -> None:
    client = as_("riley")

    status, body = fragment(client, change, seen_by(client, change))

    assert (status, body) == (204, "")


def test_an_open_page_is_sent_a_comment_but_not_its_own_forms(
    as_: As, people: Cast, change: ChangeRequest
) -> None:
    client = as_("riley")
    seen = seen_by(client, change)
    make_comment(change, people.omar, "Fresh words")

    status, body = fragment(client, change, seen)

    assert status == 200
    assert "Fresh words" in body
    assert "<html" not in body
    # Somebody may be typing there.
    assert 'id="decide"' not in body
    assert fragment(client, change, re.findall(r"seen=([0-9a-f.]+)", body)[0])[0] == 204


def test_an_open_page_loses_its_controls_when_somebody_else_decides(
    as_: As, people: Cast, change: ChangeRequest
) -> None:
    client = as_("riley")
    seen = seen_by(client, change)
    press(as_("omar"), change, "approve")

    _, body = fragment(client, change, seen)

    assert 'id="decide"' in body
    assert buttons(body) == set()
    assert 'data-state="approved"' in body


def test_a_settled_change_is_not_asked_about_again(
    as_: As, gateway: Gateway, people: Cast
) -> None:
    change = make_change(gateway=gateway, author=people.alice, state=State.REJECTED)

    page = as_("riley").get(change.get_absolute_url()).content.decode()

    assert "hx-trigger" not in page


def test_a_page_is_told_which_nodes_hold_it_until_all_are_seen(
    as_: As, gateway: Gateway, people: Cast
) -> None:
    change = make_change(gateway=gateway, author=people.alice, state=State.APPLIED)
    delivery = make_delivery(change)
    words = "It does not hold this yet: route a."
    waiting = make_sighting(delivery, "http://node-b:9090", Sight.WAITING, words)
    make_sighting(delivery, "http://node-a:9090")
    client = as_("riley")
    seen = seen_by(client, change)

    assert fragment(client, change, seen)[0] == 204
    NodeSighting.objects.filter(pk=waiting.pk).update(state=Sight.LAGGING)
    status, news = fragment(client, change, seen)

    assert status == 200
    for told in ("http://node-a:9090", "within 12 ms", "Lags behind", words):
        assert told in news
    assert "goes on serving what it held before" in news
    assert "hx-trigger" not in news


PROBE = Probe(path="/a", host="b.test", status=200, contains="<b>")


def test_a_reviewer_sees_the_probe_they_approve(
    as_: As, gateway: Gateway, people: Cast
) -> None:
    change = make_change(gateway=gateway, author=people.alice)
    Revision.objects.update(probe=PROBE.as_json())

    page = as_("riley").get(change.get_absolute_url()).content.decode()

    assert gateway.public_url in page
    words = "GET /a at host b.test → 200 and a body that holds “&lt;b&gt;”"
    assert words in page


def test_a_failed_probe_is_told_with_what_came_back(
    as_: As, gateway: Gateway, people: Cast
) -> None:
    change = make_change(gateway=gateway, author=people.alice, state=State.APPLIED)
    Revision.objects.update(probe=PROBE.as_json())
    run = make_probe_run(make_delivery(change), ProbeState.WAITING, "It answered 404.")
    client = as_("riley")
    page = client.get(change.get_absolute_url()).content.decode()
    assert "Tried again in a moment." in page
    seen = seen_by(client, change)

    ProbeRun.objects.filter(pk=run.pk).update(state=ProbeState.FAILED)
    status, news = fragment(client, change, seen)

    assert status == 200
    assert "It answered 404." in news
    assert "did not answer as the change expects" in news
    assert f'href="{change.get_absolute_url()}rollback/"' in news
    assert "hx-trigger" not in news


@pytest.mark.parametrize("takes_back", [True, False])
def test_a_reviewer_reads_what_a_failed_probe_will_do(
    as_: As, gateway: Gateway, people: Cast, takes_back: bool
) -> None:
    change = make_change(gateway=gateway, author=people.alice)
    probe = replace(PROBE, take_back=takes_back)
    Revision.objects.update(probe=probe.as_json())

    page = as_("riley").get(change.get_absolute_url()).content.decode()

    assert ("Whoever approves it approves that, too." in page) == takes_back
    assert ("the change stays live and this page says so" in page) != takes_back


@pytest.mark.parametrize(
    ("state", "words", "stays"),
    [
        (State.APPROVED, "takes it back.", False),
        (State.APPLIED, "took it back.", False),
        (State.WITHDRAWN, "was to take it back and is withdrawn.", True),
        (State.CONFLICTED, "was to take it back and is conflicted.", True),
    ],
)
def test_it_is_told_what_a_failed_probe_took_back(
    as_: As, gateway: Gateway, people: Cast, state: State, words: str, stays: bool
) -> None:
    change = make_change(gateway=gateway, author=people.alice, state=State.APPLIED)
    Revision.objects.update(probe=replace(PROBE, take_back=True).as_json())
    make_probe_run(make_delivery(change), ProbeState.FAILED, "It answered 404.")
    undoing = make_change(
        gateway=gateway, author=people.alice, state=State.DELIVERING, reverts=change
    )
    make_delivery(undoing)
    Revision.objects.filter(change=undoing).update(inverse_of=change.latest_revision())
    client = as_("alice")
    seen = seen_by(client, change)
    ChangeRequest.objects.filter(pk=undoing.pk).update(state=state)

    status, news = fragment(client, change, seen)

    assert status == 200
    told = re.sub(r"<[^>]*>", "", news)
    assert f"#{undoing.number} {words}" in told
    assert ("The change is live." in told) == stays
    # A conflicted one asks for it still.
    is_over = state is State.WITHDRAWN
    assert (f"Roll back #{change.number}" in told) == is_over


def test_an_open_page_is_reloaded_when_its_session_ended(change: ChangeRequest) -> None:
    response = Client().get(change.get_absolute_url(), headers={"HX-Request": "true"})

    assert response.status_code == 204
    assert response["HX-Refresh"] == "true"


def test_a_reviewer_of_another_gateway_cannot_decide_here(
    change: ChangeRequest, gateway: Gateway
) -> None:
    from portal.accounts.models import Membership
    from tests.factories import make_gateway

    person = make_person("rob", Role.REVIEWER, gateway=make_gateway("other"))
    assert press(sign_in(person), change, "approve")[0] == 404

    Membership.objects.create(person=person, role=Role.VIEWER, gateway=gateway)

    status, page = press(sign_in(person), change, "approve")
    assert status == 403
    assert buttons(page) == set()
    assert Review.objects.count() == 0


def test_a_change_of_many_resources_costs_no_more_queries_than_one(
    as_: As, gateway: Gateway, people: Cast
) -> None:
    def cost(count: int) -> int:
        change = make_change(
            gateway=gateway,
            author=people.alice,
            state=State.APPLIED,
            items=[item(resource_id=f"r{count}-{index}") for index in range(count)],
        )
        for index in range(count):
            make_comment(change, people.omar, f"Words {index}")
        make_delivery(change)
        client = as_("riley")
        with CaptureQueriesContext(connection) as captured:
            assert client.get(change.get_absolute_url()).status_code == 200
        return len(captured)

    assert cost(20) == cost(1)
