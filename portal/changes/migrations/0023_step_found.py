from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("changes", "0022_revision_channels"),
    ]

    operations = [
        migrations.AddField(
            model_name="step",
            name="found",
            field=models.CharField(
                blank=True,
                choices=[
                    ("wanted", "As wanted"),
                    ("base", "As it was planned against"),
                    ("moved", "Something else"),
                ],
                max_length=10,
            ),
        ),
    ]
