"""Try a request without sending it."""

from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.operation import ONE, operation
from portal.api.views.base import ApiView, checked
from portal.changes.errors import Malformed
from portal.changes.http_request import read_request
from portal.changes.simulate import simulate
from portal.wire import examples
from portal.wire.answers.simulate import SimulationAnswer, simulated
from portal.wire.inputs.simulate import SimulateBody


class Simulate(ApiView):
    @operation(
        "simulateRequest",
        summary="Try a request, now and after a change",
        description="Which route answers, which plugins run in which order, which nodes get "
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
        consequential=False,
    )
    def post(self, request: Request) -> Response:
        body = checked(SimulateBody, request)
        try:
            tried = read_request(**body["request"])
        except Malformed as error:
            raise Malformed(str(error), field=f"request.{error.field}") from error
        simulation = simulate(
            tried,
            actor=self.actor,
            gateway=body.get("gateway"),
            change=body.get("change"),
        )
        return Response(simulated(simulation))
