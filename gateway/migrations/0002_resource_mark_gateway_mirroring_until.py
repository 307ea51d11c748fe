from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("gateway", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="gateway",
            name="mirroring_until",
            field=models.DateTimeField(
                editable=False,
                help_text="Somebody reads it now, at most until then.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="resource",
            name="mark",
            field=models.CharField(
                default="",
                editable=False,
                help_text="Equal: exactly as it was read.",
                max_length=32,
            ),
        ),
    ]
