from django.db import migrations
from django.db.models import BigIntegerField, F
from django.db.models.functions import Cast


def fill(apps, schema_editor):
    """Tell what was sent from drafts, and from those withdrawn without being sent."""
    changes = apps.get_model("changes", "ChangeRequest").objects
    drafted = (
        apps.get_model("audit", "AuditEvent")
        .objects.filter(event="change.drafted")
        .annotate(change=Cast("subject_id", BigIntegerField()))
    )
    # What sent a draft was its second revision.
    unsent = changes.filter(state="withdrawn", pk__in=drafted.values("change")).exclude(
        revisions__number__gt=1
    )
    changes.exclude(state="draft").exclude(pk__in=unsent.values("pk")).update(
        submitted_at=F("created_at")
    )


class Migration(migrations.Migration):
    dependencies = [
        ("changes", "0009_change_submitted_at"),
        ("audit", "0002_event_choices"),
    ]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
