"""One HTTP exchange within its deadline: a whole answer, or why there is none."""

from collections.abc import Mapping
from typing import NamedTuple

import requests
import urllib3

from gateway.deadline import Deadline, DeadlineAdapter
from gateway.errors import (
    GatewayError,
    TimedOut,
    UnexpectedAnswer,
    UnknownOutcome,
    Unreachable,
)

ANSWER_LIMIT = 64 * 1024 * 1024


class Answered(NamedTuple):
    """A whole answer, of whatever status."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class Exchange:
    """Sends requests to one address over a session of `deadline_session()`."""

    def __init__(
        self, address: str, session: requests.Session, verify: bool | str
    ) -> None:
        self._address = address
        self._session = session
        self._verify = verify

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None,
        *,
        deadline: float,
        is_read: bool,
    ) -> Answered:
        """Send one request; `deadline` is in seconds.

        A read whose kept-alive connection turns out to be dead is sent once more; a
        write never is. Raises Unreachable, UnknownOutcome, UnexpectedAnswer.
        """
        adapter = self._adapter()
        with Deadline(deadline) as until:
            try:
                return self._once(method, path, headers, body, until)
            except UnknownOutcome:
                if not is_read or not until.is_reused or until.has_passed:
                    raise
                adapter.drop_idle()
                return self._once(method, path, headers, body, until)

    def incomplete(self) -> UnknownOutcome:
        """Return the error of an answer that broke off."""
        return UnknownOutcome(
            f"The Admin API at {self._address} broke the connection before its answer "
            "was complete."
        )

    def _adapter(self) -> DeadlineAdapter:
        adapter = self._session.get_adapter(self._address)
        if not isinstance(adapter, DeadlineAdapter):
            raise TypeError("AdminClient needs a session of new_session().")
        return adapter

    def _once(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None,
        deadline: Deadline,
    ) -> Answered:
        try:
            with self._session.request(
                method,
                self._address + path,
                data=body,
                headers=dict(headers),
                timeout=deadline.seconds_left,
                verify=self._verify,
                allow_redirects=False,
                stream=True,
            ) as response:
                content = _content(response)
        # ValueError: what requests and http.client let slip.
        except (
            requests.RequestException,
            urllib3.exceptions.HTTPError,
            OSError,
            ValueError,
        ) as error:
            raise self._broken(error, deadline) from None
        if deadline.has_cut:
            raise self._late(deadline)
        return Answered(response.status_code, response.headers, content)

    def _broken(self, error: Exception, deadline: Deadline) -> GatewayError:
        # Our own words: the libraries' could repeat what was sent.
        if not deadline.has_sent:
            return Unreachable(
                f"The Admin API at {self._address} cannot be reached: {cause_of(error)}."
            )
        if deadline.has_passed or isinstance(error, requests.Timeout):
            return self._late(deadline)
        return self.incomplete()

    def _late(self, deadline: Deadline) -> TimedOut:
        return TimedOut(
            f"The Admin API at {self._address} did not answer within "
            f"{deadline.seconds:g} s."
        )


def _content(response: requests.Response) -> bytes:
    """Return the whole body. Raises UnexpectedAnswer for more than the limit."""
    chunks, size = [], 0
    for chunk in response.raw.stream(65_536, decode_content=False):
        size += len(chunk)
        if size > ANSWER_LIMIT:
            raise UnexpectedAnswer(
                f"The Admin API's answer is larger than {ANSWER_LIMIT >> 20} MiB.",
                status=response.status_code,
            )
        chunks.append(chunk)
    return b"".join(chunks)


def cause_of(error: Exception) -> str:
    """Say in a few words of our own why no connection came about."""
    text = str(error).lower()
    for mark, words in (
        ("refused", "connection refused"),
        ("resolve", "unknown host"),
        ("not known", "unknown host"),
        ("certificate", "its TLS certificate is not trusted"),
        ("ssl", "TLS failed"),
        ("timed out", "no connection in time"),
        ("unreachable", "no way to that network"),
    ):
        if mark in text:
            return words
    return "no connection"
