"""The review rules: read them, and try which of them fit."""

from rest_framework.request import Request
from rest_framework.response import Response

from portal.accounts.actor import Channel
from portal.accounts.which_gateway import choose_gateway
from portal.api.operation import operation
from portal.api.views.base import ApiView, checked
from portal.changes.models import Action
from portal.changes.rules.facts import described
from portal.changes.rules.in_force import in_force
from portal.changes.rules.reading import tried, tried_on, visible_rules
from portal.wire import examples
from portal.wire.answers import rules as answers
from portal.wire.answers.fit import page_of
from portal.wire.inputs.query import PageQuery, page_size
from portal.wire.inputs.rules import TryRulesBody
from portal.wire.operation import ONE
from portal.wire.operations.changes import find
from portal.wire.paging import make_cursor, read_cursor

NEED = {"approvals": 1, "groups": ["security"]}
NEED_WORDS = "1 approval from group security"


class Rules(ApiView):
    @operation(
        "listRules",
        summary="List the review rules",
        description="Who must approve which change, in order. All rules that fit a change count "
        "together; what no rule fits needs as many approvals as its gateway says.",
        parameters=[PageQuery],
        answer=answers.RulePage,
        answer_words="A page of rules.",
        answer_example=examples.page(
            {
                "name": "Payments",
                "words": f"When the address begins with /pay/*: {NEED_WORDS} and 1 "
                "approval from each group whose part it touches needed.",
                "rule": {
                    "name": "Payments",
                    "when": {"uris": ["/pay/*"]},
                    "needs": [NEED, {"approvals": 1, "groups": [], "owners": True}],
                },
            }
        )
        | {"as_of": None, "version": 3},
        consequential=False,
    )
    def get(self, request: Request) -> Response:
        query = PageQuery.of(request.query_params)
        after = read_cursor("rules", query.get("cursor"))
        version = in_force()
        rules = visible_rules(version, self.person)
        if after is not None:
            names = [rule.name for rule in rules]
            rules = rules[names.index(after) + 1 :] if after in names else []
        results, last = page_of(
            rules,
            limit=page_size(query),
            shape=answers.told,
            key=lambda rule: rule.name,
        )
        return Response(
            {
                "version": version.number,
                "results": results,
                "next": make_cursor("rules", last),
                "as_of": None,
            }
        )


class TryRules(ApiView):
    @operation(
        "tryRules",
        summary="Say which review rules fit",
        description="For a change as it is, or for one item that somebody might ask for: which "
        "rules in force fit, and which approvals they need. Nothing is stored.",
        body=TryRulesBody,
        body_example={"change": 128},
        errors=ONE,
        answer=answers.Tried,
        answer_words="What the rules say.",
        answer_example={
            "version": 3,
            "gateway": "default",
            "rules": ["Payments"],
            "needs": [NEED | {"words": NEED_WORDS}],
            "passed_by": None,
        },
        consequential=False,
    )
    def post(self, request: Request) -> Response:
        body = checked(TryRulesBody, request)
        version = in_force()
        if number := body.get("change"):
            change = find(number, self.actor, field="change")
            demand = tried_on(version, change)
            return Response(answers.tried(version, change.gateway, demand))
        gateway = choose_gateway(body.get("gateway"), actor=self.actor)
        facts = described(
            gateway,
            channel=body.get("channel", Channel.API),
            kind=body.get("kind", "route"),
            action=body.get("action", Action.CREATE),
            document=body.get("document", {}),
        )
        demand = tried(version, facts, gateway)
        return Response(answers.tried(version, gateway, demand))
