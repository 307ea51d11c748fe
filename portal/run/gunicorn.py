"""Settings of the web server, on one machine and in the container alike.

gunicorn --config python:portal.run.gunicorn portal.wsgi
"""

import os
import socket
from pathlib import Path
from typing import Any

# Threads, because browsers open connections ahead of need: a plain sync worker waits
# on such a silent one until it times out, and nobody else is answered meanwhile.
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = int(os.environ.get("WEB_THREADS", "8"))
keepalive = 5

# Load the application once, before workers are forked from it.
preload_app = True
timeout = 60
graceful_timeout = 5
max_requests = 20_000
max_requests_jitter = 2_000

# Heartbeats are file writes; on a slow disk a healthy worker would look dead.
if Path("/dev/shm").is_dir():  # noqa: S108 - gunicorn makes an anonymous file there
    worker_tmp_dir = "/dev/shm"  # noqa: S108

# Method, path without its query, status, bytes, seconds.
accesslog = "-"
access_log_format = '%(h)s "%(m)s %(U)s" %(s)s %(B)s %(L)s "%(a)s"'

# Nobody manages this server at run time, so there is nothing to listen for.
control_socket_disable = True


def when_ready(server: Any) -> None:
    """Let the kernel keep connections that have sent nothing yet.

    A thread waits up to five seconds for a new connection's first byte; a page full
    of spare ones would keep all threads waiting. (Linux has this; elsewhere the
    number of threads must do.)
    """
    if hasattr(socket, "TCP_DEFER_ACCEPT"):
        for listener in server.LISTENERS:
            if listener.sock.family in {socket.AF_INET, socket.AF_INET6}:
                listener.sock.setsockopt(
                    socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 30
                )
