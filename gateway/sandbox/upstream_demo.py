"""The demo upstream: a small conference API with sample speakers, sessions and topics.

    python -m gateway.sandbox.upstream_demo --port 0

Port 0 is any free one; `listening on PORT` is printed once connections are answered.
"""

import argparse
import asyncio
import signal
import sys
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from gateway.sandbox.listener import Listener

SPEAKERS: dict[int, dict[str, str]] = {
    1: {"name": "Amara Okafor", "company": "Lagos Transit", "country": "Nigeria"},
    2: {"name": "Jonas Lindqvist", "company": "Nordlys Bank", "country": "Sweden"},
    3: {"name": "Mei Tanaka", "company": "Hoshi Logistics", "country": "Japan"},
    4: {
        "name": "Carla Mendes",
        "company": "Universidade do Porto",
        "country": "Portugal",
    },
    5: {"name": "Dmitri Halloran", "company": "Open Water Labs", "country": "Ireland"},
}

# (speaker, title, room, starts, minutes, topics)
_SESSIONS: tuple[tuple[int, str, str, str, int, tuple[str, ...]], ...] = (
    (1, "Two Million Tickets before Breakfast", "Main Hall", "2027-05-11T09:30:00+02:00", 45, ("scaling", "queues")),
    (1, "What a Bus Timetable Teaches about Caching", "Room 2", "2027-05-11T14:00:00+02:00", 30, ("caching",)),
    (1, "Office Hours: Public Transport APIs", "Lounge", "2027-05-12T16:00:00+02:00", 60, ("api-design",)),
    (2, "Four Eyes, One Gateway", "Main Hall", "2027-05-11T10:30:00+02:00", 45, ("change-management", "api-gateways")),
    (2, "Rate Limits People Do Not Hate", "Room 1", "2027-05-12T11:15:00+02:00", 30, ("rate-limiting", "api-design")),
    (3, "Forty Depots, One Event Log", "Room 2", "2027-05-11T11:30:00+02:00", 45, ("event-sourcing", "scaling")),
    (3, "Idempotency Keys in the Wild", "Room 1", "2027-05-12T09:30:00+02:00", 30, ("api-design", "reliability")),
    (4, "Proving Small Things about Big Systems", "Main Hall", "2027-05-12T10:15:00+02:00", 45, ("formal-methods", "reliability")),
    (4, "Workshop: Property-Based Testing", "Workshop A", "2027-05-13T09:00:00+02:00", 180, ("testing",)),
    (4, "Panel: Who Reviews the Robots?", "Main Hall", "2027-05-13T15:00:00+02:00", 60, ("change-management", "ai-agents")),
    (5, "Letting a Language Model Near Production", "Room 2", "2027-05-12T13:30:00+02:00", 45, ("ai-agents", "api-gateways")),
    (5, "Lightning: A Ledger Nobody Can Edit", "Main Hall", "2027-05-13T11:00:00+02:00", 15, ("auditing",)),
)  # fmt: skip


def _session(number: int) -> dict[str, Any]:
    speaker, title, room, starts, minutes, topics = _SESSIONS[number]
    return {
        "id": number + 1,
        "title": title,
        "speaker_id": speaker,
        "room": room,
        "starts_at": starts,
        "minutes": minutes,
        "topics": list(topics),
    }


def _speaker_id(request: Request) -> int:
    text = request.path_params["speaker_id"]
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
    if number not in SPEAKERS:
        raise HTTPException(404, f"There is no speaker {text!r}.")
    return number


def _sessions_of(speaker: int) -> list[dict[str, Any]]:
    return [
        _session(number)
        for number, session in enumerate(_SESSIONS)
        if session[0] == speaker
    ]


async def _index(request: Request) -> JSONResponse:
    return JSONResponse(
        {
            "name": "Conference API",
            "speakers": len(SPEAKERS),
            "sessions": len(_SESSIONS),
            "paths": ["/speakers", "/speaker/{id}/sessions", "/speaker/{id}/topics"],
        }
    )


async def _speakers(request: Request) -> JSONResponse:
    speakers = [{"id": number, **speaker} for number, speaker in SPEAKERS.items()]
    return JSONResponse({"speakers": speakers})


async def _speaker_sessions(request: Request) -> JSONResponse:
    number = _speaker_id(request)
    return JSONResponse(
        {
            "speaker": {"id": number, **SPEAKERS[number]},
            "sessions": _sessions_of(number),
        }
    )


async def _speaker_topics(request: Request) -> JSONResponse:
    number = _speaker_id(request)
    topics = sorted({topic for one in _sessions_of(number) for topic in one["topics"]})
    return JSONResponse(
        {"speaker": {"id": number, **SPEAKERS[number]}, "topics": topics}
    )


async def _error(request: Request, error: Exception) -> JSONResponse:
    status = error.status_code if isinstance(error, HTTPException) else 500
    words = error.detail if isinstance(error, HTTPException) else "Something broke."
    return JSONResponse({"error": words, "path": request.url.path}, status)


app = Starlette(
    routes=[
        Route("/", _index),
        Route("/speakers", _speakers),
        Route("/speaker/{speaker_id}/sessions", _speaker_sessions),
        Route("/speaker/{speaker_id}/topics", _speaker_topics),
    ],
    exception_handlers={HTTPException: _error},
)


async def _run(host: str, port: int) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopped.set)
    listener = Listener(app, host=host, port=port)
    await listener.start()
    sys.stdout.write(f"listening on {listener.port}\n")
    sys.stdout.flush()
    await stopped.wait()
    await listener.stop()


def main() -> int:
    """Serve until SIGTERM or SIGINT; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m gateway.sandbox.upstream_demo")
    parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0 in a container")
    parser.add_argument("--port", type=int, default=0, help="0 is any free port")
    given = parser.parse_args()
    try:
        asyncio.run(_run(given.host, given.port))
    except OSError as error:
        sys.stderr.write(f"The demo upstream cannot start: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
