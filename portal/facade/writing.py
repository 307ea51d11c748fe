"""Writes: each comes to its program's draft, and is answered 202 until it is live."""

import re
from typing import Any

from django.http import HttpResponse

from gateway.admin_api.request import Address, lua_number, path_of
from gateway.admin_api.write import Refused, Write
from gateway.answers import as_object, parsed
from gateway.connect import connect
from gateway.models import Gateway
from portal.accounts.actor import Actor
from portal.accounts.roles import Verb
from portal.changes.errors import Blocked
from portal.changes.gather import Gathered, gather
from portal.changes.gathered import open_draft
from portal.changes.message import link, message_for
from portal.changes.models import ChangeRequest
from portal.changes.pass_by_rule import rule_passing
from portal.changes.quorum import standing
from portal.changes.states import State
from portal.changes.submit_gathered import submit
from portal.changes.until_settled import room_to_wait, until_settled
from portal.facade.answers import answer
from portal.facade.asked import Asked

WAIT_AT_MOST = 20
# One preference of the header `Prefer` (RFC 7240).
WAIT = re.compile(r'(?:^|,)\s*wait\s*=\s*"?(\d{1,6})"?\s*(?=[,;]|$)', re.IGNORECASE)


def write(
    asked: Asked, address: Address, gateway: Gateway, actor: Actor
) -> HttpResponse:
    """Take a PUT, POST, PATCH or DELETE into the caller's draft.

    `X-Change: submit` sends the draft for review at once, and so does `Prefer: wait=N`,
    which waits for it to be live.
    """
    actor.require(Verb.ASK, gateway)
    _expect_no_lease(asked)
    wanted = Write(asked.method, address, _body(asked, gateway), bool(asked.content))
    reason = asked.text("reason").strip() or (
        f"{asked.method} /{'/'.join(asked.parts)} via Admin API"
    )
    gathered = gather(wanted, gateway=gateway, actor=actor, reason=reason)
    body = _shape(asked, gathered)
    if gathered.change is None:
        return answer(200, body)  # the gateway holds it already
    change, seconds = gathered.change, _seconds_to_wait(asked)
    if seconds or _is_sent_at_once(asked, change):
        change = _submitted(gateway, actor, change)
    applied = {}
    if seconds:
        with room_to_wait() as may_wait:
            if may_wait:
                until_settled(change, seconds)
                applied = {"Preference_Applied": f"wait={seconds}"}
    if change.state == State.APPLIED:
        body["change"] = told(change)
        is_new = gathered.is_new and asked.method in ("PUT", "POST")
        return answer(201 if is_new else 200, body, **applied)
    body["change"] = told(change)
    if gathered.held_back is not None:
        body["change"]["held_back"] = told(gathered.held_back)
    return answer(202, body, Location=change.get_absolute_url(), **applied)


def _is_sent_at_once(asked: Asked, change: ChangeRequest) -> bool:
    """Whether the caller says so, or a rule needs no approval for the draft as it is."""
    if asked.header("X-Change").strip().lower() == "submit":
        return True
    return (
        change.state == State.DRAFT
        and rule_passing(change, change.latest_revision()) is not None
    )


def submit_now(asked: Asked, gateway: Gateway, actor: Actor) -> HttpResponse:
    """Send the caller's draft for review without another write."""
    if asked.method != "POST":
        raise Refused("not found", status=404)
    actor.require(Verb.ASK, gateway)
    draft = open_draft(actor, gateway)
    if draft.gathering is None:
        raise Refused("No draft of this token is open: nothing to submit.", status=404)
    change = submit(draft.gathering, actor=actor)
    return answer(202, {"change": told(change)}, Location=change.get_absolute_url())


def told(change: ChangeRequest) -> dict[str, Any]:
    """Return what a program is told of a change."""
    stand = standing(change)
    return {
        "number": change.number,
        "state": change.state,
        "gateway": change.gateway.slug,
        "url": link(change),
        "approvals": {"given": stand.given, "required": stand.required},
        # Not beside `key`: there clients take it for the Admin API's "Key not found".
        "message": message_for(change),
    }


def _submitted(gateway: Gateway, actor: Actor, change: ChangeRequest) -> ChangeRequest:
    """Send the draft for review, unless that happened meanwhile."""
    draft = open_draft(actor, gateway)
    if draft.gathering is None or draft.gathering.pk != change.pk:
        change.refresh_from_db()
        return change
    try:
        return submit(draft.gathering, actor=actor)
    except Blocked as error:
        error.extra["change"] = told(change)
        raise


def _shape(asked: Asked, gathered: Gathered) -> dict[str, Any]:
    """Return the body that the Admin API would answer with."""
    key = f"/apisix{path_of(gathered.kind, gathered.key)}"
    if asked.method == "DELETE":
        return {"key": key, "deleted": "1"}
    return {"key": key, "value": gathered.shown}


def _expect_no_lease(asked: Asked) -> None:
    if "ttl" not in asked.arguments:
        return
    if lua_number(asked.arguments["ttl"]) is None:
        raise Refused("invalid argument ttl: should be a number")
    raise Refused(
        "Gatehouse takes no ttl. Ask for a change with expires_after in its own API: it "
        "is taken back after that time."
    )


def _body(asked: Asked, gateway: Gateway) -> Any:
    """Return the body's JSON value; None for no body.

    Raises Refused, in the gateway's own words where it would refuse the body, too.
    """
    if not asked.content:
        return None
    try:
        return asked.json
    except Refused:
        with connect(gateway) as client:
            # Checks a document and stores nothing.
            told = client.relay("POST", "/schema/validate/routes", asked.content)
        if told.status == 400 and b"invalid request body" in told.content:
            words = as_object(parsed(told.content))
            raise Refused(
                str(words["error_msg"]), req_body=words.get("req_body")
            ) from None
        raise


def _seconds_to_wait(asked: Asked) -> int:
    found = WAIT.search(asked.header("Prefer"))
    return min(int(found[1]), WAIT_AT_MOST) if found else 0
