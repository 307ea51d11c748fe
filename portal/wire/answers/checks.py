"""What checks look for, for programs."""

from typing import Any

from rest_framework import serializers

from portal.changes.checks.subject import Code, Subject
from portal.changes.findings import Severity
from portal.wire.answers.shapes import Page

Char = serializers.CharField


class CheckTold(serializers.Serializer):
    code = Char(help_text="As findings name it.")
    subject = Char(help_text="What it is about.")
    severity = serializers.ChoiceField(
        [str(one) for one in Severity], help_text="As a rule; a finding says its own."
    )
    words = Char(help_text="What is looked for.")
    matters = Char(help_text="Why one looks for it.")


class CheckPage(Page):
    results = CheckTold(many=True)


def told(subject: Subject, code: Code) -> dict[str, Any]:
    return {
        "code": code.code,
        "subject": subject.title,
        "severity": str(code.severity),
        "words": code.words,
        "matters": subject.matters,
    }
