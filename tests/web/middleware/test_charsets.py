"""Whatever content type a request claims, each address answers, and in words."""

import io
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest

from portal.wsgi import application

pytestmark = pytest.mark.django_db

MULTIPART = "multipart/form-data; boundary=x"
FORM = b'--x\r\nContent-Disposition: form-data; name="username"\r\n\r\nabc\r\n--x--\r\n'
ODD = ("rot13", "idna", "undefined", "utf-16", "unicode_escape", "latin-1", "none")


def asked(path: str, content_type: str, method: str = "POST") -> tuple[int, str]:
    """Ask as a web server does; return status and body."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": "a=%ff%00b",
        "CONTENT_TYPE": content_type,
        "CONTENT_LENGTH": str(len(FORM)),
        "wsgi.input": io.BytesIO(FORM),
        "HTTP_HOST": "localhost",
    }
    setup_testing_defaults(environ)
    told: list[str] = []
    body = b"".join(application(environ, lambda status, headers: told.append(status)))
    return int(told[0].partition(" ")[0]), body.decode()


@pytest.mark.parametrize("charset", ODD)
@pytest.mark.parametrize(
    "path",
    ["/accounts/login/", "/api/routes", "/healthz", "/openapi.json", "/admin/", "/no"],
)
def test_every_address_answers(path: str, charset: str) -> None:
    for kind in ("text/html", MULTIPART, "application/json"):
        for method in ("GET", "POST"):
            status, _ = asked(path, f"{kind}; charset={charset}", method)
            assert status < 500, f"{method} {kind}"


@pytest.mark.parametrize("charset", ODD)
def test_a_form_in_another_charset_is_refused_in_words(charset: str) -> None:
    status, body = asked("/accounts/login/", f"{MULTIPART}; charset={charset}")

    assert status == 415
    assert "Send the form in UTF-8" in body


@pytest.mark.parametrize("charset", ["utf-8", "UTF8", '"utf-8"'])
def test_a_form_in_utf_8_is_read(charset: str) -> None:
    """What is missing in it is the proof that it came from our page."""
    status, body = asked("/accounts/login/", f"{MULTIPART}; charset={charset}")

    assert status == 403
    assert "did not come from this page" in body


@pytest.mark.parametrize(
    "content_type",
    ["text/html; charset*=nope''x", "multipart/form-data; boundary*=nope''x"],
)
def test_a_content_type_that_makes_no_sense_is_answered(content_type: str) -> None:
    assert asked("/api/routes", content_type)[0] == 401
    assert asked("/accounts/login/", content_type)[0] == 403
