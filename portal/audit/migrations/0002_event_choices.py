from django.db import migrations, models

import portal.audit.events


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0001_initial"),
    ]

    operations = [
        migrations.AlterField(
            model_name="auditevent",
            name="event",
            field=models.CharField(
                choices=portal.audit.events.event_choices, db_index=True, max_length=40
            ),
        ),
    ]
