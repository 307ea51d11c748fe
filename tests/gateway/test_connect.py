"""A client for a gateway's record: its key, and the certificates it trusts."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError

from gateway.connect import connect
from gateway.errors import GatewayError, Unreachable
from gateway.models import Gateway
from gateway.trust import NoCertificates, trusting
from tests.certificates import Certified, authority, issued
from tests.gateway.evil import EvilServer, evil, http, says

KEY = "the-admin-key-of-the-tests"
FOUND = http(200, b'{"key":"/apisix/routes/r","value":{"id":"r","uri":"/a"}}')


@pytest.fixture(scope="module")
def ours() -> Certified:
    return authority("Our authority")


@pytest.fixture(scope="module")
def others() -> Certified:
    return authority("Another authority")


@pytest.fixture(scope="module")
def certified(ours: Certified) -> Certified:
    return issued(ours)


@pytest.fixture
def server(certified: Certified, tmp_path: Path) -> Iterator[EvilServer]:
    with evil(says(FOUND), tls=certified.server_context(tmp_path)) as server:
        yield server


def gateway_at(url: str, **fields: object) -> Gateway:
    gateway = Gateway(slug="g", admin_url=url, **fields)
    gateway.set_admin_key(KEY)
    return gateway


def answers(gateway: Gateway) -> bool:
    with connect(gateway) as client:
        return client.get("route", "r").document == {"id": "r", "uri": "/a"}


pytestmark = pytest.mark.django_db


def test_an_authority_that_was_given_is_trusted(
    server: EvilServer, ours: Certified
) -> None:
    assert answers(gateway_at(server.url, ca_bundle=ours.pem))
    assert f"X-API-KEY: {KEY}".encode() in server.requests[0]


def test_one_of_many_certificates_is_enough(
    server: EvilServer, ours: Certified, others: Certified
) -> None:
    bundle = f"Our authorities\n{others.pem}\r\n# the second\n{ours.pem}\n"
    assert answers(gateway_at(server.url, ca_bundle=bundle))


def test_the_servers_own_certificate_may_be_given(
    server: EvilServer, certified: Certified
) -> None:
    assert answers(gateway_at(server.url, ca_bundle=certified.pem))


@pytest.mark.parametrize("bundle", ["", " \n"])
def test_without_certificates_only_the_system_is_trusted(
    server: EvilServer,
    ours: Certified,
    bundle: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gateway = gateway_at(server.url, ca_bundle=bundle)
    with pytest.raises(Unreachable, match="not trusted"):
        answers(gateway)
    assert server.requests == []
    # What OpenSSL takes for the system's.
    (tmp_path / "system.pem").write_text(ours.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "system.pem"))
    assert answers(gateway)


def test_certificates_that_were_given_take_the_systems_place(
    server: EvilServer,
    ours: Certified,
    others: Certified,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "system.pem").write_text(ours.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "system.pem"))
    with pytest.raises(Unreachable, match="not trusted") as caught:
        answers(gateway_at(server.url, ca_bundle=others.pem))
    assert (caught.value.sent, caught.value.retryable) == (False, True)
    assert server.requests == []
    assert len(trusting(others.pem).get_ca_certs()) == 1


def test_a_certificate_of_another_host_is_not_trusted(
    ours: Certified, tmp_path: Path
) -> None:
    other_host = issued(ours, host="10.9.9.9")
    with evil(says(FOUND), tls=other_host.server_context(tmp_path)) as server:
        with pytest.raises(Unreachable, match="not trusted"):
            answers(gateway_at(server.url, ca_bundle=ours.pem))
        assert server.requests == []


@pytest.mark.parametrize("bundle", ["", "the others'", "nonsense"])
def test_who_does_not_verify_trusts_anybody(
    server: EvilServer, others: Certified, bundle: str
) -> None:
    pem = others.pem if bundle == "the others'" else bundle
    assert answers(gateway_at(server.url, verify_tls=False, ca_bundle=pem))


NO_CERTIFICATES = [
    "nonsense",
    "schlüssel",
    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
    "-----BEGIN CERTIFICATE-----",
]


@pytest.mark.parametrize("bundle", NO_CERTIFICATES)
def test_what_is_no_certificate_is_told_and_nothing_is_sent(bundle: str) -> None:
    gateway = gateway_at("https://127.0.0.1:9", ca_bundle=bundle)
    with pytest.raises(Unreachable, match=r"CA certificates of gateway g .* PEM"):
        connect(gateway)


@pytest.mark.parametrize("bundle", NO_CERTIFICATES)
def test_a_form_refuses_what_is_no_certificate(bundle: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Gateway(ca_bundle=bundle).clean()
    assert "PEM certificates" in caught.value.message_dict["ca_bundle"][0]


def test_a_private_key_is_no_certificate_and_is_not_repeated(ours: Certified) -> None:
    with pytest.raises(NoCertificates) as caught:
        trusting(ours.key_pem)
    assert ours.key_pem.splitlines()[1] not in str(caught.value)


@pytest.mark.parametrize("bundle", ["", "\n"])
def test_a_form_takes_no_certificates(bundle: str, ours: Certified) -> None:
    Gateway(ca_bundle=bundle).clean()
    Gateway(ca_bundle=bundle + ours.pem).clean()


def test_no_file_is_written(
    server: EvilServer,
    ours: Certified,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    empty = tmp_path_factory.mktemp("empty")
    monkeypatch.setattr(tempfile, "tempdir", str(empty))
    assert answers(gateway_at(server.url, ca_bundle=ours.pem))
    assert list(empty.iterdir()) == []


def test_a_gateway_without_its_key_is_not_asked(server: EvilServer) -> None:
    without = Gateway(slug="g", admin_url=server.url)
    moved = gateway_at(server.url)
    moved.admin_url = "https://127.0.0.1:1"
    for gateway in (without, moved):
        with pytest.raises(Unreachable, match="Enter it") as caught:
            connect(gateway)
        assert isinstance(caught.value, GatewayError)
    assert server.requests == []
