"""Every page that a person can open, and who comes there."""

from dataclasses import dataclass, field

# Bytes that come over the wire, compressed, for a page with everything on it.
WEIGHT = 150_000
# Where documents are edited.
WITH_EDITOR = 400_000


@dataclass(frozen=True)
class Visit:
    """A page and what is done there before one looks: type by label, then press."""

    address: str
    typed: dict[str, str] = field(default_factory=dict)
    press: str = ""
    # Whether that changes a part of the open page, and loads no other.
    swaps: bool = False
    # What is opened, by its summary.
    opens: str = ""
    # What must be there before one looks.
    shows: str = "h1"
    # What does not count here, each with its reason: axe's rules, a part of the page.
    but: dict[str, str] = field(default_factory=dict)
    without: str = ""
    weight: int = WEIGHT


# Django's tables of related rows head two columns with nothing.
INLINES = {"empty-table-header": "Django's own markup"}
ROUTE = {
    "Path": "/speaker/*",
    "Goes to": "http://127.0.0.1:8000",
    "Why": "The speakers' page needs it.",
}
OPENAPI = """
openapi: 3.0.3
info: {title: Pet Store, version: '1.0.7'}
servers: [{url: 'https://petstore.example.com/v1'}]
security: [{key: []}]
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Key}
    oauth: {type: oauth2, flows: {}}
paths:
  /pets:
    get: {operationId: listPets, security: [{oauth: []}], responses: {'200': {description: ok}}}
  /pets/{id}:
    get:
      operationId: showPet
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses: {'200': {description: ok}}
"""
CONSENT = (
    "response_type=code&client_id=ChatGPT&code_challenge_method=S256"
    "&code_challenge=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
)
# Who comes; which pages they open. `{applied}` is the number of a change in that state.
VISITS: dict[str, dict[str, Visit]] = {
    "stranger": {
        "sign-in": Visit("/accounts/login/"),
        "sign-in-refused": Visit(
            "/accounts/login/", {"Username": "riley", "Password": "?"}, "Sign in"
        ),
        "password-reset": Visit("/accounts/password/reset/"),
        "password-reset-sent": Visit("/accounts/password/reset/sent/"),
        "password-set": Visit("/accounts/password/set/{link}/"),
        "password-set-late": Visit("/accounts/password/set/x/y/"),
        "legal": Visit("/legal"),
        "not-found": Visit("/nothing/"),
        "broken": Visit("/broken/"),
        # Swagger UI's own markup; programs and people read the document itself too.
        "api-docs": Visit(
            "/api/docs", shows=".opblock", without=".swagger-ui", weight=500_000
        ),
    },
    "alice": {
        "home-alice": Visit("/"),
        "ask": Visit("/changes/new/"),
        "ask-wrong": Visit("/changes/new/", {}, "Send for review"),
        "ask-preview": Visit("/changes/new/", ROUTE, "Preview"),
        "ask-plugin": Visit(
            "/changes/new/",
            {"Add a plugin": "limit-count"},
            "Add",
            swaps=True,
            shows=".plugin[open]",
            but={"target-size": "scrolled to the plugin, boxes lie below the bar"},
        ),
        "ask-edit": Visit(
            "/changes/new/?gateway=default&kind=route&id=sessions&as=route"
        ),
        "ask-json": Visit("/changes/new/?as=json", weight=WITH_EDITOR),
        "ask-service": Visit(
            "/changes/new/?gateway=default&kind=service", weight=WITH_EDITOR
        ),
        "ask-json-wrong": Visit(
            "/changes/new/?as=json",
            {"Document": "{", "Why": "Because."},
            "Send for review",
            weight=WITH_EDITOR,
        ),
        "ask-json-blocked": Visit(
            "/changes/new/?as=json",
            {
                "Document": '{"uri": "/x", "plugins": {"no-such": {}}}',
                "Why": "Because.",
            },
            "Preview",
            weight=WITH_EDITOR,
        ),
        "ask-change": Visit(
            "/changes/new/?gateway=default&kind=route&id=sessions", weight=WITH_EDITOR
        ),
        "revise": Visit("/changes/{changes_requested}/revise/", weight=WITH_EDITOR),
        "revise-wrong": Visit(
            "/changes/{changes_requested}/revise/",
            {"Ask for": "keynotes", "With headers": "Cookie: a=b"},
            "Send for review",
            weight=WITH_EDITOR,
        ),
        "revise-draft": Visit("/changes/{draft}/revise/", weight=WITH_EDITOR),
        "change-draft": Visit("/changes/{draft}/"),
        "change-conflicted-own": Visit("/changes/{conflicted}/"),
        "rebase": Visit("/changes/{conflicted}/rebase/", shows=".diff--sides"),
        "rollback": Visit("/changes/{applied}/rollback/"),
        "change-changes-requested": Visit("/changes/{changes_requested}/"),
        "checks": Visit("/checks/"),
        "transfer": Visit("/gateways/default/transfer/"),
        "transfer-wrong": Visit("/gateways/default/transfer/", {}, "Send for review"),
        "openapi": Visit("/gateways/default/openapi/"),
        "openapi-wrong": Visit("/gateways/default/openapi/", {}, "Preview"),
        "openapi-preview": Visit(
            "/gateways/default/openapi/",
            {"Or its text": OPENAPI, "Why": "The pets are for sale."},
            "Preview",
            shows="#remarks",
        ),
        "promote": Visit("/gateways/production/promote/"),
        "promote-preview": Visit(
            "/gateways/production/promote/?from=default&pick=route/sessions",
            shows="#refers, #findings, #preview",
        ),
        "promote-change": Visit(
            "/gateways/production/promote/?from=default&change={applied}"
        ),
        "promote-wrong": Visit("/gateways/production/promote/", {}, "Send for review"),
        "recipes": Visit("/gateways/default/recipes/sessions/"),
        "recipe": Visit(
            "/gateways/default/recipes/sessions/limit-rate/",
            {"Message": "Slow down."},
            shows="#words",
        ),
        "recipe-waits": Visit("/gateways/default/recipes/sessions/send-logs/"),
        "recipe-wrong": Visit(
            "/gateways/default/recipes/sessions/restrict-addresses/", {}, "Preview"
        ),
        "change-scheduled": Visit("/changes/{scheduled}/"),
        "roles-read": Visit("/roles/"),
        "freezes-read": Visit("/gateways/default/freezes/"),
        "preferences": Visit("/accounts/preferences/"),
        "help": Visit("/help/"),
        "connect": Visit("/help/connect/", {}, "Check", shows=".points__bad"),
        "tokens": Visit("/tokens/"),
        "consent": Visit(f"/o/authorize/?{CONSENT}&resource=http://localhost:5000/mcp"),
        "consent-refused": Visit("/o/authorize/?client_id=nobody"),
        "token-made": Visit("/tokens/", {"Name": "ChatGPT"}, "Make token"),
        "security": Visit("/accounts/security/"),
        "add-app": Visit("/accounts/security/app/"),
        "add-passkey": Visit("/accounts/security/passkeys/"),
        "confirm": Visit("/accounts/confirm/"),
        "password": Visit("/accounts/password/"),
        "password-wrong": Visit(
            "/accounts/password/",
            {
                "Old password": "?",
                "New password": "1",
                "New password confirmation": "2",
            },
            "Change password",
        ),
    },
    "riley": {
        "home-riley": Visit("/"),
        "change-alone": Visit("/changes/{alone}/"),
        "inbox": Visit("/inbox/", shows=".dot--new"),
        "inbox-settings": Visit("/inbox/settings/"),
        "changes": Visit("/changes/"),
        "changes-all": Visit("/changes/?state=all&channel=portal"),
        "changes-none": Visit("/changes/?q=zanzibar"),
        "change-in-review": Visit("/changes/{in_review}/"),
        "change-many": Visit("/changes/{many}/"),
        "change-long": Visit("/changes/{long}/"),
        "change-odd": Visit("/changes/{odd}/"),
        "change-probed": Visit("/changes/{probed}/"),
        "change-probe-took-back": Visit("/changes/{probe_took_back}/"),
        "change-applied": Visit("/changes/{applied}/"),
        "change-rejected": Visit("/changes/{rejected}/"),
        "change-withdrawn": Visit("/changes/{withdrawn}/"),
        "try": Visit("/gateways/default/simulator/"),
        "try-wrong": Visit("/gateways/default/simulator/?url=nope&remote_addr=here"),
        "try-change": Visit(
            "/gateways/default/simulator/?change={in_review}", shows=".path"
        ),
        "try-long": Visit(
            "/gateways/default/simulator/?route=long-one&headers=X-A:%201",
            shows=".path",
        ),
        "try-odd": Visit("/gateways/default/simulator/?change={odd}", shows=".path"),
        "comment": Visit("/changes/{odd}/", {"Say something": "Hm."}, "Comment"),
    },
    "omar": {
        "change-break-glass": Visit(
            "/changes/{in_review}/", opens="Emergency: break glass"
        ),
        "change-approved": Visit("/changes/{approved}/"),
        "change-for-a-time": Visit("/changes/{for_a_time}/"),
        "change-taking-back": Visit("/changes/{taking_back}/"),
        "change-failed": Visit("/changes/{failed}/"),
        "change-conflicted": Visit("/changes/{conflicted}/"),
        "change-cancelled": Visit("/changes/{cancelled}/"),
        "gateways": Visit("/gateways/"),
        "gateway": Visit("/gateways/default/"),
        "certificates": Visit("/gateways/default/certificates/"),
        "certificates-all": Visit("/certificates/"),
        "routes": Visit("/gateways/default/routes/"),
        "routes-none": Visit("/gateways/default/routes/?q=zanzibar"),
        "routes-filtered": Visit("/gateways/default/routes/?status=on&sort=name"),
        "topology": Visit("/gateways/default/topology/?mark=sessions"),
        "services": Visit("/gateways/default/services/"),
        "protos": Visit("/gateways/default/protos/"),
        "route-long": Visit("/gateways/default/routes/long-one/"),
        "route-sessions": Visit("/gateways/default/routes/sessions/"),
        "route-history": Visit("/gateways/default/routes/talks/"),
        "plugins": Visit("/gateways/default/plugins/"),
        "plugins-none": Visit("/gateways/default/plugins/?q=zanzibar"),
        "plugin": Visit("/gateways/default/plugins/limit-count/"),
        "route-to-come": Visit("/gateways/default/routes/rooms/"),
        "drifts": Visit("/gateways/default/drift/"),
        "drifts-all": Visit("/gateways/default/drift/?state=all"),
        "drift": Visit("/gateways/default/drift/{drift}/"),
        "drift-wrong": Visit(
            "/gateways/default/drift/{drift}/", {"Why": "  "}, "Accept it"
        ),
    },
    "audrey": {
        "audit": Visit("/audit/"),
        "audit-none": Visit("/audit/?person=nobody"),
        "audit-narrowed": Visit("/audit/?change=1&until=2030-01-01T00:00"),
        "audit-proved": Visit("/audit/", {}, "Prove it now"),
        "audit-heads": Visit("/audit/heads/"),
        "audit-entry": Visit("/audit/3/"),
        "refused": Visit("/changes/new/"),
        "change-record": Visit("/changes/{probed}/print/", shows="#ledger"),
        "admin": Visit("/admin/"),
        "admin-changes": Visit("/admin/changes/changerequest/"),
        "admin-change": Visit(
            "/admin/changes/changerequest/{applied}/change/", but=INLINES
        ),
        "admin-history": Visit("/admin/changes/changerequest/{applied}/history/"),
        "admin-delivery": Visit(
            "/admin/changes/delivery/{delivery}/change/", but=INLINES
        ),
        "admin-audit": Visit("/admin/audit/auditevent/"),
    },
    "admin": {
        "roles": Visit("/roles/"),
        "roles-wrong": Visit("/roles/", {}, "Give the role"),
        "group": Visit("/groups/{group}/"),
        "role-take-wrong": Visit(
            "/roles/{role}/take/", {}, "Take a role away", shows=".field__error"
        ),
        "service-account": Visit("/service-accounts/{service_account}/"),
        "freezes": Visit("/freezes/"),
        "freezes-wrong": Visit("/freezes/", {}, "Begin the freeze"),
        "webhooks": Visit("/webhooks/"),
        "webhooks-made": Visit(
            "/webhooks/",
            {"Name": "CI", "Goes to": "https://ci.example.com/in"},
            "Make webhook",
        ),
        "webhooks-wrong": Visit("/webhooks/", {}, "Make webhook"),
        "webhook": Visit("/webhooks/{webhook}/"),
        "policy": Visit("/policy/"),
        "policy-change": Visit("/policy/{policy}/", shows="text=Accept"),
        "rules": Visit("/rules/?try=yes&change={many}", shows="#tried"),
        "rules-edit": Visit("/rules/edit/"),
        "rules-edit-rule": Visit("/rules/edit/", {}, "Edit Payments", shows="#one"),
        "admin-all": Visit("/admin/"),
        "admin-gateway": Visit("/admin/gateway/gateway/add/"),
        "admin-people": Visit("/admin/accounts/person/"),
        "admin-person": Visit("/admin/accounts/person/1/change/", but=INLINES),
        "admin-drift": Visit("/admin/drift/drift/{drift}/change/"),
        "admin-drifts": Visit("/admin/drift/drift/"),
        "drift-rules": Visit("/gateways/default/drift/rules/"),
        "drift-rules-wrong": Visit(
            "/gateways/default/drift/rules/", {"Why": "So."}, "Make rule"
        ),
    },
    "nobody": {
        "home-empty": Visit("/"),
        "inbox-empty": Visit("/inbox/"),
        "changes-empty": Visit("/changes/"),
        "gateways-empty": Visit("/gateways/"),
        "certificates-empty": Visit("/certificates/"),
        "audit-empty": Visit("/audit/"),
        "not-for-you": Visit("/gateways/default/routes/"),
    },
}
