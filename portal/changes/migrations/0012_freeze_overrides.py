"""An operator may let one delivery pass again, when another freeze holds it."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("changes", "0011_promotion"),
    ]

    operations = [
        migrations.AlterField(
            model_name="freezeoverride",
            name="delivery",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="freeze_overrides",
                to="changes.delivery",
            ),
        ),
    ]
