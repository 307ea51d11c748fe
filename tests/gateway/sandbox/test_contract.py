"""How far the sandbox answers as the recorded gateway did.

Each test prints its figure and every disagreement (pytest -s, or on failure).
"""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from gateway.sandbox.schemas import PLUGINS
from tests.contract import contract
from tests.gateway.sandbox.replay import Answered, Tally, plugins_of, replay, stable
from tests.sandbox import SandboxGateway

pytestmark = pytest.mark.contract

STATUS_BAR = 0.97
ERROR_BAR = 0.80
PLUGIN_STATUS_BAR = 0.90
BODY_BAR = 0.97


@pytest.fixture(scope="module")
def streaming() -> Iterator[SandboxGateway]:
    """A sandbox with stream mode on, as some recordings were made."""
    gateway = SandboxGateway(stream=True)
    yield gateway
    gateway.close()


@pytest.fixture(scope="module")
def admin_answers(
    streaming: SandboxGateway, sandbox_server: SandboxGateway
) -> list[Answered]:
    answered = []
    for sequence in contract("admin"):
        answered += replay(streaming, sequence["name"], sequence["steps"])
    answered += replay(sandbox_server, "behaviour", contract("behaviour"))
    return answered


@pytest.fixture(scope="module")
def plugin_answers(streaming: SandboxGateway) -> list[Answered]:
    answered = []
    for sequence in contract("plugins"):
        answered += replay(streaming, sequence["name"], sequence["steps"])
    return answered


def statuses(name: str, answers: list[Answered]) -> Tally:
    tally = Tally(name)
    for answer in answers:
        recorded = answer.step["status"]
        words = answer.error if answer.status != recorded else ""
        tally.count(
            answer.status == recorded,
            f"{answer}: {answer.status} for {recorded} {words} | {answer.recorded_error}",
        )
    return tally


def errors(name: str, answers: list[Answered]) -> Tally:
    tally = Tally(name)
    for answer in answers:
        if answer.recorded_error is not None:
            tally.count(
                answer.error == answer.recorded_error,
                f"{answer}\n    said {answer.error}\n    for  {answer.recorded_error}",
            )
    return tally


def test_statuses_of_the_admin_api_agree(admin_answers):
    tally = statuses("statuses, admin and behaviour", admin_answers)
    print(tally)  # noqa: T201

    assert tally.share >= STATUS_BAR, str(tally)


def test_error_words_of_the_admin_api_agree(admin_answers):
    tally = errors("error_msg, admin and behaviour", admin_answers)
    print(tally)  # noqa: T201

    assert tally.share >= ERROR_BAR, str(tally)


def test_bodies_of_the_admin_api_agree(admin_answers):
    tally = Tally("bodies read back, admin and behaviour")
    for answer in admin_answers:
        parts = urlsplit(answer.step["path"]).path.split("/")
        about_documents = not {"plugins", "schema"} & set(parts)
        if answer.step["method"] == "GET" and answer.step["status"] == 200:
            if not about_documents or answer.recorded_body is None:
                continue
            tally.count(
                stable(answer.body) == stable(answer.recorded_body),
                f"{answer}\n    said {answer.body}\n    for  {answer.recorded_body}",
            )
    print(tally)  # noqa: T201

    assert tally.share >= BODY_BAR, str(tally)


def test_statuses_about_offered_plugins_agree(plugin_answers):
    offered = [
        answer
        for answer in plugin_answers
        if plugins_of(answer.step) and plugins_of(answer.step) <= PLUGINS.keys()
    ]
    tally = statuses("statuses, steps about offered plugins", offered)
    print(tally)  # noqa: T201
    print(errors("error_msg, steps about offered plugins", offered))  # noqa: T201
    everything = statuses("statuses, all of plugins", plugin_answers)
    print(f"{everything.name}: {everything.met} of {everything.asked}")  # noqa: T201

    assert tally.share >= PLUGIN_STATUS_BAR, str(tally)
