"""Where people read about what an event is about."""

from django.urls import reverse

from portal.audit.models import AuditEvent


def page_of(event: AuditEvent) -> str:
    """Return the path of the page of what the event is about, "" where there is none."""
    if event.subject_type == "change" and event.subject_id.isdigit():
        return reverse("web:change", args=[int(event.subject_id)])
    if event.subject_type == "drift" and event.subject_id.isdigit():
        return reverse("web:drift", args=[event.gateway, int(event.subject_id)])
    if event.subject_type == "drift_rule" and event.gateway:
        return reverse("web:drift_rules", args=[event.gateway])
    if event.subject_type == "gateway" and event.gateway:
        return reverse("web:gateway", args=[event.gateway])
    if event.subject_type == "policy_change" and event.subject_id.isdigit():
        return reverse("web:policy_change", args=[int(event.subject_id)])
    if event.subject_type == "audit":
        return reverse("web:audit")
    if event.subject_type == "freeze":
        return reverse("web:freezes")
    if event.subject_type == "webhook" and event.subject_id.isdigit():
        return reverse("web:webhook", args=[int(event.subject_id)])
    return ""
