"""All checks together: described, each of its codes given, and no document too odd."""

import ast
import importlib
import pkgutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.kinds import KINDS
from gateway.live import Live
from gateway.mirror import catalogue_of
from portal.changes import checks
from portal.changes.asked import ItemAsked
from portal.changes.checks.subject import Code, Subject
from portal.changes.models import Action
from portal.changes.plan import Plan, PlannedItem, gateway_or_down
from tests.changes.checks.examples import EXAMPLES, Example, owns_a_part
from tests.changes.checks.looking import findings
from tests.changes.conftest import Desk
from tests.odd_documents import odd_documents

CODES = {code.code: code for subject in checks.SUBJECTS for code in subject.codes}
MODULES = [
    importlib.import_module(f"{checks.__name__}.{one.name}")
    for one in pkgutil.iter_modules(checks.__path__)
]


def test_every_subject_and_every_code_is_listed_once() -> None:
    written = [
        value
        for module in MODULES
        for value in vars(module).values()
        if isinstance(value, Subject)
    ]
    codes = [
        value
        for module in MODULES
        for value in vars(module).values()
        if isinstance(value, Code)
    ]

    assert sorted(checks.SUBJECTS, key=id) == sorted(written, key=id)
    listed = [code for subject in checks.SUBJECTS for code in subject.codes]
    assert sorted(codes, key=id) == sorted(listed, key=id)
    assert len(CODES) == len(listed)


def test_every_code_says_in_one_line_what_it_is() -> None:
    for code in CODES.values():
        assert code.words[0].isupper(), code
        assert code.words.endswith("."), code
        assert "\n" not in code.words
        assert len(code.words) < 200, code


def test_no_check_gives_a_code_that_is_not_described() -> None:
    """Findings are made by their code alone."""
    for module in MODULES:
        tree = ast.parse(Path(str(module.__file__)).read_text())
        made = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Finding"
        ]
        assert not made or module.__name__.endswith(".subject"), module.__name__


def test_there_is_an_example_of_every_code() -> None:
    assert sorted(EXAMPLES) == sorted(CODES)


@pytest.mark.parametrize("code", CODES)
def test_every_code_is_given(desk: Desk, code: str, settings: Any) -> None:
    example: Example = EXAMPLES[code]
    for name, value in example.settings.items():
        setattr(settings, name, value)
    example.arrange(desk)

    found = findings(desk, *example.items, terms=example.terms)

    [finding, *_] = [one for one in found if one.code == code]
    assert finding.severity is CODES[code].severity
    assert finding.words
    assert finding.mend
    assert {one.code for one in found} <= set(CODES)


def planned(kind: str, base: Any, wanted: Any) -> PlannedItem:
    action = (
        Action.CREATE if base is None else Action.UPDATE if wanted else Action.DELETE
    )
    return PlannedItem(
        action=action,
        kind=KINDS[kind],
        id="odd",
        base=base,
        wanted=wanted,
        shown_base=base,
        shown_wanted=wanted,
        base_digest="",
        wanted_digest="",
        asked=ItemAsked(action=action, kind=kind),
        position=0,
    )


@given(
    kind=st.sampled_from(sorted(KINDS)), base=odd_documents(), wanted=odd_documents()
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_document_is_too_odd_for_a_check(
    desk: Desk, kind: str, base: dict[str, Any], wanted: dict[str, Any]
) -> None:
    desk.sandbox.put("service", "u1", {"plugins": {"key-auth": {}}})
    alice = desk.people.alice
    if not alice.groups.exists():
        owns_a_part(desk)
    with gateway_or_down(desk.gateway) as client:
        schemas, live = catalogue_of(desk.gateway, client), Live(client)
        for pair in ((None, wanted), (base, wanted), (base, None)):
            items = [planned(kind, *pair)]
            plan = Plan(gateway=desk.gateway, items=items, asker=alice)
            for finding in checks.run_checks(plan, live, schemas):
                assert finding.code in CODES
