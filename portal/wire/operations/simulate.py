"""Try a request without sending it."""

from portal.accounts.actor import Actor
from portal.changes.errors import Malformed
from portal.changes.http_request import read_request
from portal.changes.simulate import simulate
from portal.wire import examples
from portal.wire.answers.simulate import SimulationAnswer, simulated
from portal.wire.inputs.simulate import SimulateBody
from portal.wire.operation import ONE, Answer, Given, Operation


def _simulate_request(actor: Actor, given: Given) -> Answer:
    body = given.checked(SimulateBody)
    try:
        tried = read_request(**body["request"])
    except Malformed as error:
        raise Malformed(str(error), field=f"request.{error.field}") from error
    simulation = simulate(
        tried,
        actor=actor,
        gateway=body.get("gateway"),
        change=body.get("change"),
    )
    return Answer(body=simulated(simulation))


SIMULATE_REQUEST = Operation(
    id="simulateRequest",
    title="Try a request, now and after a change",
    words="Which route answers, which plugins run in which order, which nodes get "
    "it: now and after a change. Nothing is sent.",
    body=SimulateBody,
    body_example={
        "request": {"method": "GET", "url": "https://api.example.com/speaker/1"},
    },
    errors=(*ONE, 409),
    answer=SimulationAnswer,
    answer_words="What becomes of it.",
    answer_example={
        "gateway": "default",
        "as_of": examples.AS_OF,
        "now": None,
        "message": "Now: No route takes this request: the gateway answers 404.",
    },
    run=_simulate_request,
)
