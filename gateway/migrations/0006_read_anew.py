"""Have each resource told anew at the next look, within a minute, with its facets.

A row whose mark is not the gateway's is written again; what it means is compared as
ever, so nothing counts as moved.
"""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import F


def forget_marks(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    resources = apps.get_model("gateway", "Resource").objects
    # Until then they are in the order of their ids.
    resources.update(mark="", by_name=F("resource_id"))


class Migration(migrations.Migration):
    dependencies = [
        ("gateway", "0005_facet"),
    ]

    operations = [
        migrations.RunPython(forget_marks, migrations.RunPython.noop),
    ]
