"""A taken port is told with the variable that chooses another one."""

import socket

import pytest

from portal.run.configuration import Refused
from portal.run.ports import is_free, listen


def test_port_0_is_any_free_one() -> None:
    with listen("WEB_PORT", 0) as one, listen("WEB_PORT", 0) as other:
        assert one.getsockname()[0] == "127.0.0.1"
        assert one.getsockname()[1] != other.getsockname()[1]


def test_a_taken_port_names_its_variable_and_a_way_out() -> None:
    with listen("WEB_PORT", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Refused, match=rf"{port} is taken.*WEB_PORT={port + 1}"):
            listen("WEB_PORT", port)
        with pytest.raises(Refused, match="SANDBOX_ADMIN_PORT"):
            is_free("SANDBOX_ADMIN_PORT", port)


def test_a_port_that_is_bound_but_silent_is_taken() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        with pytest.raises(Refused, match="WEB_PORT"):
            listen("WEB_PORT", silent.getsockname()[1])


def test_a_port_somebody_has_on_the_other_loopback_address_is_taken() -> None:
    try:
        other = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6")
    with other, pytest.raises(Refused, match="WEB_PORT"):
        listen("WEB_PORT", other.getsockname()[1])


def test_a_port_whose_connections_just_ended_is_free() -> None:
    with listen("WEB_PORT", 0) as listener:
        port = listener.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        served, _ = listener.accept()
        served.close()  # the server closes first: its side waits for a minute
        client.close()
    listen("WEB_PORT", port).close()
