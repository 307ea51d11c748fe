"""What a finding means, why it matters and how to mend it."""

from typing import Any

from rest_framework import serializers

from portal.accounts.actor import Actor
from portal.accounts.errors import NotVisible
from portal.changes.checks import SUBJECTS
from portal.changes.findings import Severity
from portal.strict_json import EXACT
from portal.wire.answers.changes import findings
from portal.wire.inputs.fields import Strict, Text, Whole, unknown
from portal.wire.operation import ONE, Answer, Given, Operation
from portal.wire.operations.changes import find

Char = serializers.CharField

WEIGHT: dict[Severity, str] = {
    Severity.BLOCKER: "It stops the change: nothing is filed while it stands.",
    Severity.WARNING: "It does not stop the change, but reviewers see it and it is recorded "
    "with the approval.",
    Severity.INFO: "It is there to know; nothing has to be done.",
}
MEND: dict[Severity, str] = {
    Severity.BLOCKER: "Do what the finding's own mend says, then try preview_change again.",
    Severity.WARNING: "Do what the finding's own mend says, or say in the reason why it is meant.",
    Severity.INFO: "Tell the user, if it may surprise them.",
}


class ExplainBody(Strict):
    """Which finding to explain."""

    code = Text(max_length=60, help_text="Its code, such as auth_missing.")
    change = Whole(
        required=False,
        min_value=1,
        max_value=EXACT,
        help_text="A change's number: tell where it stands in that one and how to mend it.",
    )


class Explanation(serializers.Serializer[Any]):
    code = Char()
    subject = Char(help_text="What it is about.")
    severity = serializers.ChoiceField([str(one) for one in Severity])
    meaning = Char(help_text="What was found.")
    matters = Char(help_text="Why it matters.")
    mend = Char(help_text="How to mend it.")
    findings = serializers.ListField(
        child=serializers.DictField(),
        help_text="Where it stands in the change, each with its own mend.",
    )
    message = Char(help_text="In words.")


def _explain_finding(actor: Actor, given: Given) -> Answer:
    body = given.checked(ExplainBody)
    known = {
        code.code: (subject, code) for subject in SUBJECTS for code in subject.codes
    }
    if body["code"] not in known:
        close = unknown(body["code"], sorted(known)).partition(". ")[2]
        raise NotVisible(
            f"There is no finding {body['code'][:60]!r}. "
            + (
                close
                if close.startswith("Did")
                else "Take a code that a finding names."
            ),
            field="code",
        )
    subject, code = known[body["code"]]
    matters = f"{subject.matters} {WEIGHT[code.severity]}"
    there: list[dict[str, Any]] = []
    if (number := body.get("change")) is not None:
        revision = find(number, actor, field="change").latest_revision()
        there = [one for one in revision.findings if one["code"] == code.code]
    return Answer(
        body={
            "code": code.code,
            "subject": subject.title,
            "severity": str(code.severity),
            "meaning": code.words,
            "matters": matters,
            "mend": MEND[code.severity],
            "findings": findings(there),
            "message": f"{code.words} {matters} {MEND[code.severity]}",
        }
    )


EXPLAIN_FINDING = Operation(
    id="explainFinding",
    title="Explain what a check found",
    words="What the code of a finding means, why it matters and how to mend it. Give a "
    "change's number to see where it stands in that change.",
    body=ExplainBody,
    errors=ONE,
    run=_explain_finding,
    answer=Explanation,
)
