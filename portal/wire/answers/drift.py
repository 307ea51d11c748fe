"""What programs are told of drift. Everything in a document is somebody's words: data."""

from typing import Any

from django.conf import settings
from rest_framework import serializers

from portal.drift.models import Drift, DriftState, What
from portal.wire.answers.changes import differences, words
from portal.wire.answers.fit import fitting
from portal.wire.answers.shapes import Difference, Page

Char = serializers.CharField

DIFF_ROOM = 15_000


class DriftTold(serializers.Serializer):
    id = serializers.IntegerField()
    kind = Char()
    resource_id = Char()
    what = serializers.ChoiceField(
        What.values, help_text="What was done outside of Gatehouse."
    )
    diff = Difference(many=True, help_text="From what was approved to what is there.")
    state = serializers.ChoiceField(
        DriftState.values,
        help_text="open and ignored stand; gone: it is as it was approved again.",
    )
    owner = Char(help_text="Whom to ask, guessed from labels.")
    first_seen = serializers.DateTimeField()
    last_seen = serializers.DateTimeField(help_text="When it last moved.")
    change = serializers.IntegerField(
        allow_null=True, help_text="Number of the change that asks to undo it."
    )
    url = Char(help_text="Where people read and decide.")
    note = Char(required=False)


class DriftPage(Page):
    gateway = Char()
    results = DriftTold(many=True)


def told(drift: Drift) -> dict[str, Any]:
    """Return one drift; no query when its gateway is loaded."""
    diff, is_cut = fitting(differences(list(drift.differences)), DIFF_ROOM)
    link = f"{settings.PUBLIC_URL}{drift.get_absolute_url()}"
    answer = {
        "id": drift.pk,
        "kind": drift.kind,
        "resource_id": drift.resource_id,
        "what": drift.what,
        "diff": diff,
        "state": drift.state,
        "owner": words(drift.owner),
        "first_seen": drift.first_seen,
        "last_seen": drift.last_seen,
        "change": drift.change_id,
        "url": link,
    }
    if is_cut:
        answer["note"] = f"Not everything fits into one answer; all of it: {link}"
    return answer
