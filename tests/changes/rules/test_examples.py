"""The rules that are offered to begin with."""

from portal.changes.checks import SUBJECTS
from portal.changes.rules.examples import EXAMPLES, examples_beside


def test_they_name_findings_that_there_are() -> None:
    known = {code.code for subject in SUBJECTS for code in subject.codes}
    named = {code for one in EXAMPLES for code in one.when.findings}
    assert named
    assert named <= known


def test_those_that_one_has_are_not_offered() -> None:
    first, *rest = EXAMPLES
    assert examples_beside([first]) == rest
