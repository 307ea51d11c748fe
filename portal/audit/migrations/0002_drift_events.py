from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0001_initial"),
    ]

    operations = [
        migrations.AlterField(
            model_name="auditevent",
            name="event",
            field=models.CharField(
                choices=[
                    ("change.drafted", "drafted the change"),
                    ("change.submitted", "submitted the change for review"),
                    ("change.revised", "wrote a new revision"),
                    ("change.commented", "commented"),
                    ("change.approved", "approved"),
                    ("change.rejected", "rejected"),
                    ("change.changes_requested", "requested changes"),
                    ("change.withdrawn", "withdrew the change"),
                    ("change.cancelled", "cancelled the approved change"),
                    ("change.applied", "applied the change"),
                    ("change.failed", "could not apply the change"),
                    ("change.conflicted", "found the gateway changed meanwhile"),
                    ("delivery.queued", "queued the delivery"),
                    ("delivery.started", "started the delivery"),
                    ("delivery.taken_over", "took over a stalled delivery"),
                    ("delivery.postponed", "postponed the delivery"),
                    ("delivery.verified", "verified the delivery by reading back"),
                    ("delivery.compensated", "restored what had been written"),
                    (
                        "delivery.refused",
                        "refused to deliver without proof of approval",
                    ),
                    ("delivery.retried", "retried the delivery"),
                    ("drift.found", "found something changed outside of Gatehouse"),
                    ("drift.moved", "found it changed again outside of Gatehouse"),
                    ("drift.gone", "found it as it was approved again"),
                    ("drift.adopted", "accepted what was changed outside"),
                    ("drift.ignored", "chose to ignore what was changed outside"),
                    ("drift.revert_asked", "asked to undo what was changed outside"),
                    ("drift.reverted", "undid what was changed outside"),
                    ("drift_rule.added", "made a rule to ignore drift"),
                    ("drift_rule.removed", "removed a rule to ignore drift"),
                    ("token.created", "made an API token"),
                    ("token.revoked", "revoked an API token"),
                    ("person.signed_in", "signed in"),
                    ("person.sign_in_failed", "failed to sign in"),
                    ("person.signed_out", "signed out"),
                    ("person.created", "created the account"),
                    ("person.changed", "changed the account"),
                    ("person.reset_sent", "sent a password reset link"),
                    ("membership.granted", "granted a role"),
                    ("membership.revoked", "took a role away"),
                    ("gateway.created", "added the gateway"),
                    ("gateway.changed", "changed the gateway's settings"),
                    ("gateway.retired", "retired the gateway"),
                    ("keys.rotated", "rotated the encryption keys"),
                ],
                db_index=True,
                max_length=40,
            ),
        ),
    ]
