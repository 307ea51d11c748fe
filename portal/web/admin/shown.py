"""What all of the back office shares: rights by role, rows by gateway, read-only."""

from collections.abc import Callable, Sequence
from typing import Any, cast

import orjson
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html

from gateway.models import Gateway
from gateway.visible import reveal
from portal.accounts.gateways import OneGateway
from portal.accounts.models import Person
from portal.accounts.roles import ALLOWED, Role, Verb
from portal.accounts.visible_events import events_visible_to
from portal.audit.ledger import HasSubject, Subject
from portal.web.admin.around import belonging, page_in_portal
from portal.web.events import shown
from portal.web.templatetags.gatehouse import pretty, visible

# Columns whose values nobody may learn, not even by asking whether one begins with "a".
SECRET_COLUMNS = (
    "password",
    "hash",
    "sealed",
    "sealed_admin_key",
    "base_sealed",
    "wanted_sealed",
    "baseline_sealed",
    "live_sealed",
    "address_sealed",
    "secret_sealed",
    "lease_token",
    "request_digest",
    "session",
)


# Of one row; the audit's page tells the rest.
HISTORY_AT_MOST = 100


def subject_of(row: Any) -> Subject:
    """Return what the ledger calls a row; what it does not know by itself has no entry."""
    if isinstance(row, Gateway):
        return OneGateway(row).audit_subject()
    if hasattr(row, "audit_subject"):
        return cast(HasSubject, row).audit_subject()
    return Subject(row._meta.model_name, str(row.pk), str(row))


class Rights:
    """What the person of a request may do, where. One query per request."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.held = (
            list(person.held().values_list("role", "gateway_id"))
            if isinstance(person, Person)
            else []
        )

    @classmethod
    def of(cls, request: HttpRequest) -> "Rights":
        kept = getattr(request, "_rights", None)
        if kept is None:
            kept = cls(cast(Person, request.user))
            request._rights = kept  # type: ignore[attr-defined]
        return kept

    def anywhere(self, verb: Verb) -> bool:
        return self.person.is_superuser or any(
            verb in ALLOWED[Role(role)] for role, _ in self.held
        )

    def everywhere(self, verb: Verb) -> bool:
        return self.person.is_superuser or any(
            verb in ALLOWED[Role(role)] for role, gateway in self.held if not gateway
        )

    def gateway_ids(self, verb: Verb = Verb.READ) -> list[int]:
        return [
            gateway
            for role, gateway in self.held
            if gateway and verb in ALLOWED[Role(role)]
        ]


class ByGateway(admin.RelatedFieldListFilter):
    """Offers the gateways whose rows this person sees, and names no other."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        rights = Rights.of(request)
        if rights.everywhere(Verb.READ):
            return super().field_choices(field, request, model_admin)
        return field.get_choices(
            include_blank=False,
            limit_choices_to={"pk__in": rights.gateway_ids()},
        )


class _ReadOnly:
    """Nothing is made, changed or deleted here, whatever Django's permissions say."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Shown(_ReadOnly, admin.ModelAdmin):
    """A model to look at. Who may look is a matter of role, not of Django permissions.

    `gateway_path` leads from a row to its gateway; whoever may do what is `needed` on
    some gateways only sees their rows. Without it only those who read everything see any.
    """

    gateway_path: str | None = None
    hidden: Sequence[str] = ()
    show_full_result_count = False
    list_per_page = 50
    needed: Verb = Verb.READ

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Refuse to filter by what is never shown: it could be guessed bit by bit."""
        parts = set(lookup.split("__"))
        if parts & {*SECRET_COLUMNS, *self.hidden}:
            return False
        return super().lookup_allowed(lookup, value, request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        rights = Rights.of(request)
        if self.gateway_path is None:
            return rights.everywhere(Verb.EXPORT)
        return rights.anywhere(self.needed)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_queryset(self, request: HttpRequest) -> "models.QuerySet[Any]":
        rows = super().get_queryset(request)
        rights = Rights.of(request)
        if self.gateway_path is None or rights.everywhere(self.needed):
            return rows
        seen = rights.gateway_ids(self.needed)
        return rows.filter(**{f"{self.gateway_path}__in": seen})

    def changelist_view(self, request: HttpRequest, *args: Any, **more: Any) -> Any:
        return _revealed(super().changelist_view(request, *args, **more))

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """Show what the ledger tells of a row: Django's own log knows no other door."""
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        about = subject_of(row)
        events = events_visible_to(cast(Person, request.user)).filter(
            subject_type=about.type, subject_id=about.id
        )
        context = {
            **self.admin_site.each_context(request),
            "title": f"History: {row}",
            "opts": self.opts,
            "object": row,
            "about": about,
            "entries": shown(events.order_by("-number")[:HISTORY_AT_MOST]),
        }
        page = TemplateResponse(request, "admin/ledger_history.html", context)
        return _revealed(page)

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **more: Any
    ) -> HttpResponse:
        row = context["original"]
        if row is not None:
            context["page_in_portal"] = page_in_portal(row)
            context["belonging"] = belonging(row, request, self.admin_site)
        return super().render_change_form(request, context, *args, **more)

    def changeform_view(self, request: HttpRequest, *args: Any, **more: Any) -> Any:
        answer = super().changeform_view(request, *args, **more)
        # What somebody edits is given back as it was.
        return answer if self.has_change_permission(request) else _revealed(answer)

    def _readable(self) -> list[Any]:
        return [
            field
            for field in self.model._meta.fields
            if not isinstance(field, models.BinaryField)
            and field.name not in self.hidden
        ]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [_column(field) for field in self._readable()]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return self.get_fields(request, obj)


def _revealed(answer: HttpResponse) -> HttpResponse:
    """Let a page of Django's show the characters that hide, wherever it names a row."""

    def reveal_all(page: Any) -> None:
        page.content = reveal(page.content.decode())

    if isinstance(answer, TemplateResponse):
        answer.add_post_render_callback(reveal_all)
    return answer


def _column(field: Any) -> Any:
    """Return how a field is read: JSON indented, people's words with nothing hidden."""
    if isinstance(field, models.JSONField):
        return as_json(field)
    if isinstance(field, models.CharField | models.TextField) and not field.choices:
        return as_words(field)
    return field.name


def as_words(field: Any) -> Callable[[Any], str]:
    """Return a column that shows text with hidden and look-alike characters marked."""

    def shown(row: Any) -> str:
        return str(visible(getattr(row, field.name)))

    shown.short_description = field.verbose_name  # type: ignore[attr-defined]
    return shown


def as_json(field: Any) -> Callable[[Any], str]:
    """Return a column that shows a JSON field indented."""

    def shown(row: Any) -> str:
        value = getattr(row, field.name)
        return "" if value is None else format_html("<pre>{}</pre>", pretty(value))

    shown.short_description = field.verbose_name  # type: ignore[attr-defined]
    return shown


def one_line(value: Any, limit: int = 120) -> str:
    """Return JSON on one line, for lists."""
    text = orjson.dumps(value).decode()
    return text if len(text) <= limit else f"{text[:limit]}…"


class ShownInline(_ReadOnly, admin.TabularInline):
    """Rows below their parent, to look at."""

    extra = 0
    can_delete = False
    show_change_link = True
    max_num = 0

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return Rights.of(request).anywhere(Verb.READ)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields or ()
