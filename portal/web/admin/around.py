"""Where one goes from a row: its page in the portal, the audit, what belongs to it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.admin import AdminSite
from django.db.models import ForeignKey, Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst

from gateway.models import Gateway
from portal.accounts.models import PolicyChange
from portal.audit.models import AuditEvent
from portal.changes.models import ChangeRequest
from portal.drift.models import Drift
from portal.notifications.models import Notification
from portal.webhooks.models import Webhook

# By which a row is part of another, which may have a page: the nearest counts.
PARENTS = (
    "change",
    "revision",
    "delivery",
    "attempt",
    "review",
    "message",
    "webhook",
    "gateway",
)


@dataclass(frozen=True)
class Link:
    words: str
    address: str


def page_in_portal(row: Any) -> str:
    """Return the page that shows a row, or what it is part of; "" where none does."""
    if isinstance(row, Gateway):
        return reverse("web:gateway", args=[row.slug])
    if isinstance(row, AuditEvent):
        return reverse("web:audit_entry", args=[row.number])
    if isinstance(row, Notification):
        return row.path  # its own is for whom it tells
    if isinstance(row, ChangeRequest | Drift | PolicyChange | Webhook):
        return row.get_absolute_url()
    fields = {field.name for field in row._meta.concrete_fields if field.is_relation}
    for name in PARENTS:
        parent = getattr(row, name) if name in fields else None
        if parent is not None:
            return page_in_portal(parent)
    return ""


def belonging(row: Model, request: HttpRequest, site: AdminSite) -> list[Link]:
    """Return the lists of what names this row, those that one may open. No query."""
    found = list(_naming(type(row), request, site))
    several = Counter(field.model for field in found)
    links = []
    for field in found:
        meta = field.model._meta
        words = capfirst(str(meta.verbose_name_plural))
        if several[field.model] > 1:
            words = f"{words} ({field.verbose_name})"
        list_ = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
        key = field.target_field.attname
        value = getattr(row, key)
        links.append(Link(words, f"{list_}?{field.name}__{key}__exact={value}"))
    return sorted(links, key=lambda link: link.words)


def _naming(
    model: type[Model], request: HttpRequest, site: AdminSite
) -> Iterator[ForeignKey[Any, Any]]:
    for relation in model._meta.get_fields(include_hidden=True):
        field = getattr(relation, "field", None)
        if not relation.auto_created or not isinstance(field, ForeignKey):
            continue
        shown = site._registry.get(field.model)
        if shown and shown.has_view_permission(request):
            yield field
