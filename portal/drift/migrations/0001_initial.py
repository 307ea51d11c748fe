import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("changes", "0001_initial"),
        ("gateway", "0002_resource_mark_gateway_mirroring_until"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="DriftRule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("secret", "Secret"),
                            ("ssl", "SSL certificate"),
                            ("proto", "Proto"),
                            ("upstream", "Upstream"),
                            ("plugin_config", "Plugin config"),
                            ("consumer_group", "Consumer group"),
                            ("plugin_metadata", "Plugin metadata"),
                            ("global_rule", "Global rule"),
                            ("service", "Service"),
                            ("consumer", "Consumer"),
                            ("credential", "Credential"),
                            ("route", "Route"),
                            ("stream_route", "Stream route"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "resource_id",
                    models.CharField(
                        blank=True,
                        help_text="With * and ?, such as test-*.",
                        max_length=200,
                        verbose_name="id",
                    ),
                ),
                (
                    "label",
                    models.CharField(
                        blank=True,
                        help_text="A label that the resource carries: managed-by, or managed-by=adc.",
                        max_length=200,
                    ),
                ),
                (
                    "field",
                    models.CharField(
                        blank=True,
                        help_text="A field with * and ?, such as upstream.nodes or labels.build-*.",
                        max_length=200,
                    ),
                ),
                ("reason", models.TextField()),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "gateway",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty: all gateways.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="drift_rules",
                        to="gateway.gateway",
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="Drift",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("secret", "Secret"),
                            ("ssl", "SSL certificate"),
                            ("proto", "Proto"),
                            ("upstream", "Upstream"),
                            ("plugin_config", "Plugin config"),
                            ("consumer_group", "Consumer group"),
                            ("plugin_metadata", "Plugin metadata"),
                            ("global_rule", "Global rule"),
                            ("service", "Service"),
                            ("consumer", "Consumer"),
                            ("credential", "Credential"),
                            ("route", "Route"),
                            ("stream_route", "Stream route"),
                        ],
                        max_length=20,
                    ),
                ),
                ("resource_id", models.CharField(max_length=600)),
                (
                    "what",
                    models.CharField(
                        choices=[
                            ("created", "Created"),
                            ("altered", "Altered"),
                            ("deleted", "Deleted"),
                        ],
                        max_length=10,
                    ),
                ),
                ("baseline", models.JSONField(null=True)),
                ("baseline_sealed", models.BinaryField(null=True)),
                ("baseline_digest", models.CharField(blank=True, max_length=64)),
                ("live", models.JSONField(null=True)),
                ("live_sealed", models.BinaryField(null=True)),
                ("live_digest", models.CharField(blank=True, max_length=64)),
                (
                    "owner",
                    models.CharField(
                        blank=True, help_text="Guessed from its labels.", max_length=200
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("ignored", "Ignored"),
                            ("adopted", "Adopted"),
                            ("reverted", "Reverted"),
                            ("gone", "Gone"),
                        ],
                        default="open",
                        max_length=10,
                    ),
                ),
                ("first_seen", models.DateTimeField(default=django.utils.timezone.now)),
                ("last_seen", models.DateTimeField(default=django.utils.timezone.now)),
                ("resolved_at", models.DateTimeField(blank=True, null=True)),
                ("reason", models.TextField(blank=True)),
                (
                    "change",
                    models.ForeignKey(
                        blank=True,
                        help_text="Asks to restore the baseline.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="drifts",
                        to="changes.changerequest",
                    ),
                ),
                (
                    "gateway",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="drifts",
                        to="gateway.gateway",
                    ),
                ),
                (
                    "resolved_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "rule",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="drift.driftrule",
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
                "indexes": [
                    models.Index(fields=["gateway", "-id"], name="drift_by_gateway"),
                    models.Index(
                        fields=["gateway", "state", "-id"], name="drift_by_state"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ("open", "ignored"))),
                        fields=("gateway", "kind", "resource_id"),
                        name="drift_one_standing_per_resource",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                ["open", "ignored", "adopted", "reverted", "gone"],
                            )
                        ),
                        name="drift_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("what__in", ["created", "altered", "deleted"])
                        ),
                        name="drift_what_known",
                    ),
                ],
            },
        ),
    ]
