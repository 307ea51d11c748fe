"""Hosts are judged by what they spell, however they spell it."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.hosts import Place, address_of, place_of


@pytest.mark.parametrize(
    ("host", "place"),
    [
        ("127.0.0.1", Place.LOOPBACK),
        ("127.1.2.3", Place.LOOPBACK),
        ("127.1", Place.LOOPBACK),
        ("0x7f.1", Place.LOOPBACK),
        ("0X7F000001", Place.LOOPBACK),
        ("2130706433", Place.LOOPBACK),
        ("017700000001", Place.LOOPBACK),
        ("0177.0.0.01", Place.LOOPBACK),
        ("127.0.0.1.", Place.LOOPBACK),
        ("１２７。0．0.1", Place.LOOPBACK),
        ("%31%32%37.0.0.1", Place.LOOPBACK),
        ("0.0.0.0", Place.LOOPBACK),  # noqa: S104 (nothing is bound)
        ("0", Place.LOOPBACK),
        ("::", Place.LOOPBACK),
        ("::1", Place.LOOPBACK),
        ("[::1]", Place.LOOPBACK),
        ("::ffff:127.0.0.1", Place.LOOPBACK),
        ("[::ffff:7f00:1]", Place.LOOPBACK),
        ("::127.0.0.1", Place.LOOPBACK),
        ("64:ff9b::7f00:1", Place.LOOPBACK),
        ("2002:7f00:1::", Place.LOOPBACK),
        ("localhost", Place.LOOPBACK),
        ("LocalHost.", Place.LOOPBACK),
        ("api.localhost", Place.LOOPBACK),
        ("localtest.me", Place.LOOPBACK),
        ("app.127.0.0.1.nip.io", Place.LOOPBACK),
        ("app-127-0-0-1.sslip.io", Place.LOOPBACK),
        ("169.254.169.254", Place.METADATA),
        ("0xA9FEA9FE", Place.METADATA),
        ("169.254.43518", Place.METADATA),
        ("::ffff:169.254.169.254", Place.METADATA),
        ("fd00:ec2::254", Place.METADATA),
        ("[FD00:0EC2:0:0:0:0:0:254]", Place.METADATA),
        ("100.100.100.200", Place.METADATA),
        ("168.63.129.16", Place.METADATA),
        ("metadata.google.internal", Place.METADATA),
        ("Metadata.Google.Internal.", Place.METADATA),
        ("169-254-169-254.nip.io", Place.METADATA),
        ("169.254.7.7", Place.LINK_LOCAL),
        ("fe80::1", Place.LINK_LOCAL),
        ("[fe80::1%25eth0]", Place.LINK_LOCAL),
        ("10.0.0.7", Place.PRIVATE),
        ("172.31.255.255", Place.PRIVATE),
        ("192.168.1.1", Place.PRIVATE),
        ("192.168.257", Place.PRIVATE),
        ("100.64.0.1", Place.PRIVATE),
        ("fd12:3456::1", Place.PRIVATE),
        ("fec0::1", Place.PRIVATE),
        ("64:ff9b:1::a9fe:a9fe", Place.PRIVATE),
        ("::ffff:0:127.0.0.1", Place.LOOPBACK),
        ("::ffff:0:169.254.169.254", Place.METADATA),
        ("backend", Place.INSIDE),
        ("web.shop.svc", Place.INSIDE),
        ("web.shop.svc.cluster.local", Place.INSIDE),
        ("db.internal", Place.INSIDE),
        ("*.corp", Place.INSIDE),
        ("example.com", Place.PUBLIC),
        ("*.example.com", Place.PUBLIC),
        ("internal.example.com", Place.PUBLIC),
        ("8.8.8.8", Place.PUBLIC),
        ("172.32.0.1", Place.PUBLIC),
        ("2606:4700::1111", Place.PUBLIC),
        ("999.nip.io", Place.PUBLIC),
        ("999.999.999.999.nip.io", Place.PUBLIC),
        ("127.0.0.1.example.com", Place.PUBLIC),
        ("", Place.PUBLIC),
        ("*", Place.PUBLIC),
    ],
)
def test_a_host_is_of_one_place(host: str, place: Place) -> None:
    assert place_of(host) is place


@pytest.mark.parametrize(
    "host",
    ["1.2.3.4.5", "256.1.1.1", "1.2.65536", "4294967296", "09.1", "0x", "", "a.b"],
)
def test_what_spells_no_address_is_a_name(host: str) -> None:
    assert address_of(host) is None


@given(st.ip_addresses(v=4))
def test_every_spelling_of_an_ipv4_address_is_that_address(
    address: IPv4Address,
) -> None:
    number = int(address)
    a, b, c, d = address.packed

    for spelled in (
        str(address),
        str(number),
        hex(number),
        f"0{number:o}",
        f"{a}.{number & 0xFFFFFF}",
        f"{a}.{b:#x}.{number & 0xFFFF}",
        f"0{a:o}.{b}.{c:#x}.{d}",
        f"::ffff:{address}",
        f"[::ffff:{number >> 16:x}:{number & 0xFFFF:x}]",
        f"64:ff9b::{number >> 16:x}:{number & 0xFFFF:x}",
    ):
        assert address_of(spelled) == address, spelled


@given(st.ip_addresses(v=6))
def test_an_ipv6_address_is_read_with_and_without_brackets(
    address: IPv6Address,
) -> None:
    assert address_of(str(address)) == address_of(f"[{address.exploded}]") is not None


@given(st.text())
def test_any_text_is_judged(host: str) -> None:
    assert place_of(host) in Place
