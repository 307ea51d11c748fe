"""What programs are told of freezes. The reason is somebody's words: data."""

from datetime import timedelta
from itertools import islice
from typing import Any

from django.utils import timezone
from rest_framework import serializers

from portal.changes.freezes import windows_of
from portal.changes.models import Freeze
from portal.wire.answers.changes import words
from portal.wire.answers.shapes import Page

WINDOWS_TOLD = 3
LOOK_AHEAD = timedelta(days=366)


class FreezeWindow(serializers.Serializer):
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()


class FreezeTold(serializers.Serializer):
    id = serializers.IntegerField()
    reach = serializers.CharField(help_text="Which gateways it stops.")
    reason = serializers.CharField()
    holds_now = serializers.BooleanField()
    cron = serializers.CharField(
        help_text="When it begins again; empty: it holds once."
    )
    time_zone = serializers.CharField(help_text="The one that cron is meant in.")
    windows = FreezeWindow(many=True, help_text="The next times at which it holds.")
    made_by = serializers.CharField()


class FreezePage(Page):
    gateway = serializers.CharField()
    results = FreezeTold(many=True)


def told(freeze: Freeze) -> dict[str, Any]:
    """Return one freeze; no query when its gateway and maker are loaded."""
    now = timezone.now()
    windows = list(islice(windows_of(freeze, now, now + LOOK_AHEAD), WINDOWS_TOLD))
    return {
        "id": freeze.pk,
        "reach": freeze.reach,
        "reason": words(freeze.reason),
        "holds_now": any(window.start <= now for window in windows),
        "cron": freeze.cron,
        "time_zone": freeze.zone,
        "windows": [{"start": one.start, "end": one.end} for one in windows],
        "made_by": freeze.made_by.username,
    }
