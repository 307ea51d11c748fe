"""The REST API's page, in a real browser, under its content security policy."""

from typing import Any

import pytest

from portal.api.documents import operations_of, whole_document


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_page_shows_every_operation_without_leaving_this_server(
    page: Any, live_server: Any
) -> None:
    trouble: list[str] = []
    elsewhere: list[str] = []
    page.on("console", lambda message: trouble.append(message.text))
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on(
        "request",
        lambda request: (
            elsewhere.append(request.url)
            if not request.url.startswith((live_server.url, "data:", "blob:"))
            else None
        ),
    )

    page.goto(f"{live_server.url}/api/docs")
    page.wait_for_selector("text=Ask for a new route")

    operations = list(operations_of(whole_document(live_server.url)))
    assert page.locator(".opblock").count() == len(operations)
    assert trouble == []
    assert elsewhere == []
