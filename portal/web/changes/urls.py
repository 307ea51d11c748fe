"""Addresses of changes."""

from django.urls import path, re_path

from portal.web.changes import (
    change,
    checks,
    delivery,
    listing,
    rebase,
    record,
    rollback,
    together,
)

ACT = r"(?P<name>approve|reject|request-changes|comment|withdraw|cancel|retry|override|end-early|break-glass|review-after)"

urlpatterns = [
    path("changes/", listing.changes_page, name="changes"),
    path("changes/filters/", listing.keep_filter, name="keep_filter"),
    path("changes/filters/<int:pk>/", listing.forget_filter, name="forget_filter"),
    path("changes/together/", together.together_page, name="together"),
    path("changes/<int:number>/", change.change_page, name="change"),
    path("changes/<int:number>/items/<int:item>/", change.item_page, name="item"),
    path("changes/<int:number>/delivery/", delivery.delivery_part, name="delivery"),
    path("changes/<int:number>/print/", record.record_page, name="record"),
    path("changes/<int:number>/rebase/", rebase.rebase_page, name="rebase"),
    path("changes/<int:number>/rebase/<int:item>/", rebase.moved_page, name="moved"),
    path("changes/<int:number>/rollback/", rollback.rollback_page, name="rollback"),
    re_path(rf"^changes/(?P<number>[0-9]{{1,18}})/{ACT}/$", change.act, name="act"),
    path("checks/", checks.checks_page, name="checks"),
]
