"""What goes out, for each kind of receiver."""

import json
from typing import Any

from portal.webhooks.forms import mail, slack, standard
from portal.webhooks.signing import signature

CONTENT: dict[str, Any] = {
    "number": 7,
    "at": "2026-11-21T10:00:00+00:00",
    "words": "riley approved",
    "gateway": "default",
    "subject": {"type": "change", "id": "3", "label": "#3 Open the shop"},
    "url": "https://desk.example.com/changes/3/",
}
EVIL = "#3 <!channel> <https://evil.example|here> & \u202eevil\nSubject: x"


def with_label(label: str) -> dict[str, Any]:
    return CONTENT | {"subject": {"label": label}}


def test_the_standard_one_is_signed_over_exactly_its_body() -> None:
    posted = standard("change.approved", CONTENT, key="msg_1", secret=b"k", timestamp=5)

    body = json.loads(posted.body)
    assert body["type"] == "change.approved"
    assert body["timestamp"] == CONTENT["at"]
    assert body["data"] == CONTENT
    assert posted.headers["webhook-id"] == "msg_1"
    assert posted.headers["webhook-timestamp"] == "5"
    assert posted.headers["webhook-signature"] == signature(
        b"k", "msg_1", 5, posted.body
    )


def test_slack_gets_one_sentence_and_a_link() -> None:
    body = json.loads(slack(CONTENT).body)

    assert body["text"] == (
        "riley approved #3 Open the shop (gateway default) "
        "<https://desk.example.com/changes/3/|Open>"
    )


def test_nothing_that_others_wrote_becomes_a_link_or_a_call_in_slack() -> None:
    body = json.loads(slack(with_label(EVIL)).body)

    assert body["text"].count("<") == 1  # ours
    assert "&lt;!channel&gt;" in body["text"]
    assert "\u202e" not in body["text"]
    assert (body["parse"], body["link_names"]) == ("none", False)


def test_mail_is_plain_and_its_subject_one_line() -> None:
    letter = mail(with_label(EVIL))

    assert "\n" not in letter.subject
    assert letter.subject.startswith("[Gatehouse] riley approved #3")
    assert "\u202e" not in letter.text
    assert letter.text.endswith("\n\nhttps://desk.example.com/changes/3/\n")


def test_a_test_has_little_to_say() -> None:
    content = {"words": "admin tries out this webhook", "url": ""}

    assert json.loads(slack(content).body)["text"] == "admin tries out this webhook"
    assert mail(content).text == "admin tries out this webhook\n"
