from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("changes", "0021_awaited"),
    ]

    operations = [
        migrations.AddField(
            model_name="revision",
            name="channels",
            field=models.JSONField(
                default=list,
                help_text="By which channels it came; none is known of old ones.",
            ),
        ),
    ]
