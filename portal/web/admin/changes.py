"""Changes and what people said of them: read-only, but for a reviewer's decision.

The decision is the same operation that the portal calls, as the same present person,
one transaction per change.
"""

from collections.abc import Callable
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.admin.helpers import ActionForm
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import Person
from portal.accounts.presence import present_actor
from portal.accounts.roles import Verb
from portal.changes import review
from portal.changes.errors import StaleRevision
from portal.changes.models import (
    AfterReview,
    ChangeRequest,
    ChangeWord,
    Comment,
    Gathering,
    IdempotencyKey,
    Item,
    Review,
    Revision,
    SavedFilter,
)
from portal.web.admin.operated import on_each
from portal.web.admin.shown import ByGateway, Rights, Shown, ShownInline
from portal.web.events import program
from portal.web.templatetags.gatehouse import visible


class DecisionForm(ActionForm):
    """The choice of an action, with the note that a rejection needs."""

    note = forms.CharField(
        required=False,
        max_length=review.COMMENT_LIMIT,
        widget=forms.TextInput(attrs={"placeholder": _("Why (needed to reject)")}),
    )


class RevisionInline(ShownInline):
    model = Revision
    fields = ("number", "author", "token", "digest", "created_at")


class CommentInline(ShownInline):
    model = Comment
    fields = ("author", "text", "created_at")


class ItemInline(ShownInline):
    model = Item
    fields = ("position", "action", "kind", "resource_id", "base", "wanted")


class ReviewInline(ShownInline):
    model = Review
    fields = ("reviewer", "verdict", "comment", "created_at")


class OfChange(Shown):
    """Changes, or rows that belong to one: drafts are for their authors alone."""

    change_path = "change"

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        seen = ChangeRequest.objects.visible_to(cast(Person, request.user))
        rows = super().get_queryset(request)
        return rows.filter(**{f"{self.change_path}__in": seen})


@admin.register(ChangeRequest)
class ChangeRequestAdmin(OfChange):
    gateway_path = "gateway"
    change_path = "pk"
    hidden = ("request_digest",)
    list_display = (
        "number",
        "state",
        "what_it_does",
        "warnings",
        "gateway",
        "author",
        "channel",
        "program",
        "created_at",
        "seen",
    )
    list_display_links = ("number", "what_it_does")
    list_filter = ("state", ("gateway", ByGateway), "channel", "created_at")
    date_hierarchy = "created_at"
    list_select_related = ("gateway", "author")
    search_fields = ("=number", "title", "summary", "author__username", "client")
    ordering = ("-number",)
    inlines = (RevisionInline, CommentInline)
    actions = ("approve_selected", "reject_selected")
    action_form = DecisionForm

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        latest = Revision.objects.filter(change=OuterRef("pk")).order_by("-number")
        return (
            super()
            .get_queryset(request)
            .annotate(
                latest_number=Subquery(latest.values("number")[:1]),
                latest_digest=Subquery(latest.values("digest")[:1]),
                latest_findings=Subquery(latest.values("findings")[:1]),
            )
        )

    @admin.display(description=_("what it does"))
    def what_it_does(self, change: Any) -> str:
        return str(visible(change.summary))

    @admin.display(description=_("client"), ordering="client")
    def program(self, change: Any) -> str:
        return str(visible(program(change.channel, change.client)))

    @admin.display(description=_("warnings"))
    def warnings(self, change: Any) -> str:
        found = change.latest_findings or []
        return ", ".join(f["code"] for f in found if f.get("severity") == "warning")

    @admin.display(description=_("revision"))
    def seen(self, change: Any) -> str:
        """Show the revision, and carry what was seen of it into the decision."""
        return format_html(
            '{}<input type="hidden" name="seen-{}" value="{}">',
            change.latest_number,
            change.pk,
            change.latest_digest,
        )

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return Rights.of(request).anywhere(Verb.DECIDE)

    @admin.action(description=_("Approve"), permissions=["decide"])
    def approve_selected(
        self, request: HttpRequest, changes: "QuerySet[ChangeRequest]"
    ) -> None:
        """Approve each as it was listed."""
        self._decide(request, changes, review.approve, gettext("%(row)s approved."))

    @admin.action(description=_("Reject, with the note"), permissions=["decide"])
    def reject_selected(
        self, request: HttpRequest, changes: "QuerySet[ChangeRequest]"
    ) -> None:
        """Reject each as it was listed, with one note for all."""
        self._decide(request, changes, review.reject, gettext("%(row)s rejected."))

    def _decide(
        self,
        request: HttpRequest,
        changes: "QuerySet[ChangeRequest]",
        operation: Callable[..., Review],
        done: str,
    ) -> None:
        note = request.POST.get("note", "")
        on_each(
            request,
            changes.order_by("number"),
            lambda change: operation(
                _as_seen(request, change), actor=present_actor(request), comment=note
            ),
            name=lambda change: f"#{change.number}",
            done=done,
        )


def _as_seen(request: HttpRequest, change: ChangeRequest) -> Revision:
    """Return the revision that the list showed. Raises StaleRevision."""
    revision = change.latest_revision()
    if request.POST.get(f"seen-{change.pk}") != revision.digest:
        raise StaleRevision(
            gettext(
                "This is not what the list showed when you chose it. Look at it again."
            )
        )
    return revision


@admin.register(Revision)
class RevisionAdmin(OfChange):
    gateway_path = "change__gateway"
    list_display = ("__str__", "change", "number", "author", "token", "created_at")
    list_filter = (("change__gateway", ByGateway), "created_at")
    list_select_related = ("change", "author", "token")
    search_fields = ("=change__number", "author__username", "digest")
    ordering = ("-pk",)
    inlines = (ItemInline, ReviewInline)


@admin.register(Item)
class ItemAdmin(OfChange):
    gateway_path = "revision__change__gateway"
    change_path = "revision__change"
    list_display = ("resource_id", "kind", "action", "revision")
    list_filter = ("action", "kind", ("revision__change__gateway", ByGateway))
    list_select_related = ("revision",)
    search_fields = ("resource_id", "=revision__change__number")
    ordering = ("-pk",)


@admin.register(Review)
class ReviewAdmin(OfChange):
    gateway_path = "revision__change__gateway"
    change_path = "revision__change"
    list_display = ("__str__", "revision", "reviewer", "verdict", "created_at")
    list_filter = ("verdict", ("revision__change__gateway", ByGateway), "created_at")
    list_select_related = ("revision", "reviewer")
    search_fields = ("=revision__change__number", "reviewer__username", "comment")
    ordering = ("-pk",)


@admin.register(AfterReview)
class AfterReviewAdmin(OfChange):
    gateway_path = "review__revision__change__gateway"
    change_path = "review__revision__change"
    list_display = ("__str__", "opened_at", "closed_at", "closed_by")
    list_filter = (
        ("review__revision__change__gateway", ByGateway),
        "opened_at",
        "closed_at",
    )
    list_select_related = ("review__revision", "closed_by")
    search_fields = ("=review__revision__change__number", "comment")
    ordering = ("-pk",)


@admin.register(Comment)
class CommentAdmin(OfChange):
    gateway_path = "change__gateway"
    list_display = ("__str__", "change", "author", "created_at")
    list_filter = (("change__gateway", ByGateway), "created_at")
    list_select_related = ("change", "author")
    search_fields = ("=change__number", "author__username", "text")
    ordering = ("-pk",)


@admin.register(IdempotencyKey)
class IdempotencyKeyAdmin(OfChange):
    gateway_path = "change__gateway"
    hidden = ("request_digest",)
    list_display = ("key", "author", "client", "change", "created_at")
    list_filter = ("created_at",)
    list_select_related = ("author", "change")
    search_fields = ("key", "author__username", "=change__number")
    ordering = ("-pk",)


@admin.register(Gathering)
class GatheringAdmin(OfChange):
    gateway_path = "gateway"
    change_path = "change"
    list_display = ("change", "person", "program", "writes", "due_at", "held_back")
    list_filter = ("held_back", ("gateway", ByGateway))
    list_select_related = ("change", "person", "gateway")
    search_fields = ("=change__number", "person__username", "program")
    ordering = ("-pk",)


@admin.register(ChangeWord)
class ChangeWordAdmin(OfChange):
    gateway_path = "change__gateway"
    list_display = ("__str__", "change")
    list_select_related = ("change",)
    search_fields = ("=change__number",)
    ordering = ("-pk",)


@admin.register(SavedFilter)
class SavedFilterAdmin(Shown):
    list_display = ("name", "person", "query")
    list_select_related = ("person",)
    search_fields = ("name", "person__username")
