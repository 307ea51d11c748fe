"""Which verb each address asks for: what the permission matrix is generated from.

Written from what an address is for, not from what it answers. A new address must be
declared here; tests/test_permission_matrix.py fails until it is.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

from portal.accounts.roles import Verb


class Anyone(StrEnum):
    """Needs that no role answers."""

    STRANGER = "whoever comes"
    PERSON = "whoever is signed in"
    # Somebody's own: none of the people of the matrix.
    OWNER = "its owner alone"
    SUPERUSER = "its owner, and a superuser"
    NOBODY = "nobody at all"


Need = Verb | Anyone
STRANGER, PERSON = Anyone.STRANGER, Anyone.PERSON
OWNER, SUPERUSER, NOBODY = Anyone.OWNER, Anyone.SUPERUSER, Anyone.NOBODY
READ, ASK, DECIDE = Verb.READ, Verb.ASK, Verb.DECIDE
OPERATE, ADMINISTER, EXPORT = Verb.OPERATE, Verb.ADMINISTER, Verb.EXPORT
BREAK_GLASS = Verb.BREAK_GLASS


@dataclass(frozen=True)
class Page:
    """What opening a page needs, and what sending its form does; None: it takes none."""

    get: Need | None = None
    post: Need | None = None
    form: dict[str, Any] = field(default_factory=dict)
    query: str = ""


WHY = {"reason": "So.", "comment": "So.", "note": "So."}
DOCUMENT = '{"uri": "/x", "upstream": {"nodes": {"127.0.0.1:1": 1}}}'
ASKED = WHY | {"gateway": "default", "kind": "route", "document": DOCUMENT}

# By the name of the address; of an address for several acts, by each act.
PAGES: dict[str, Page] = {
    "home": Page(PERSON),
    "changes": Page(PERSON),
    "ask": Page(ASK, ASK, ASKED | {"as": "json"}),
    "change": Page(READ),
    "item": Page(READ),
    "delivery": Page(READ),
    "record": Page(READ),
    "revise": Page(OWNER, OWNER, ASKED),
    # Whoever may see what they may not do sees it without the controls.
    "rebase": Page(READ, OWNER, WHY),
    "moved": Page(READ),
    "rollback": Page(READ, ASK, WHY),
    "act approve": Page(post=DECIDE),
    "act reject": Page(post=DECIDE, form=WHY),
    "act request-changes": Page(post=DECIDE, form=WHY),
    "act comment": Page(post=ASK, form=WHY),
    "act withdraw": Page(post=OWNER),
    "act cancel": Page(post=OPERATE),
    "act retry": Page(post=OPERATE),
    "act override": Page(post=OPERATE, form=WHY),
    "act end-early": Page(post=OPERATE),
    "act break-glass": Page(post=BREAK_GLASS, form=WHY),
    "act review-after": Page(post=DECIDE, form=WHY),
    "certificates": Page(PERSON),
    "checks": Page(PERSON),
    "gateways": Page(PERSON),
    "gateway": Page(READ),
    "gateway_certificates": Page(READ),
    "topology": Page(READ),
    "simulate": Page(READ),
    "read_schemas": Page(post=OPERATE),
    "openapi": Page(READ),
    "openapi_document": Page(READ),
    "plugins": Page(READ),
    "plugins_of": Page(READ),
    "plugin": Page(READ),
    "drifts": Page(READ),
    "drift_rules": Page(READ, ADMINISTER, {"kind": "route", "reason": "So."}),
    "remove_drift_rule": Page(post=ADMINISTER),
    "drift": Page(READ),
    "resolve_drift adopt": Page(post=OPERATE, form=WHY),
    "resolve_drift ignore": Page(post=OPERATE, form=WHY),
    "resolve_drift revert": Page(post=ASK, form=WHY),
    "resources": Page(READ),
    "resource": Page(READ),
    "audit": Page(PERSON),
    "audit_entry": Page(READ),
    "freezes": Page(PERSON, ADMINISTER),
    "end_freeze": Page(post=ADMINISTER),
    "webhook": Page(EXPORT),
    "act_on_webhook pause": Page(post=ADMINISTER),
    "act_on_webhook resume": Page(post=ADMINISTER),
    "act_on_webhook remove": Page(post=ADMINISTER),
    "act_on_webhook test": Page(post=ADMINISTER),
    "send_again": Page(post=ADMINISTER),
    "webhooks": Page(EXPORT, ADMINISTER),
    "roles": Page(PERSON, ADMINISTER),
    "take_role": Page(ADMINISTER, ADMINISTER),
    "groups": Page(post=ADMINISTER, form={"name": "x"}),
    "group": Page(PERSON, ADMINISTER),
    "give_part": Page(post=ADMINISTER),
    "take_part": Page(ADMINISTER, ADMINISTER),
    "leave_group": Page(ADMINISTER, ADMINISTER),
    "service_accounts": Page(post=ADMINISTER, form={"name": "shop-ci"}),
    "service_account": Page(
        PERSON, ADMINISTER, {"name": "x", "scopes": "gateway:read"}
    ),
    "switch_service_account": Page(post=ADMINISTER),
    "tokens": Page(PERSON, PERSON),
    "revoke_token": Page(post=SUPERUSER),
    "inbox": Page(PERSON),
    "export_audit": Page(EXPORT, query="?format=csv"),
    "verify_audit": Page(post=EXPORT),
    # Its form takes a file: tests/web/files/test_transfer.py.
    "transfer": Page(READ),
    "export": Page(post=READ, form={"export-file": "apisix"}),
    "publish_openapi": Page(
        post=ASK,
        form={f"publish-{name}": "x" for name in ("name", "description", "reason")},
    ),
    "promote": Page(READ),
    "recipes": Page(READ),
    "recipe": Page(READ, ASK, WHY),
    "policy": Page(PERSON),
    "policy_change": Page(EXPORT),
    "act_on_policy accept": Page(post=ADMINISTER),
    "act_on_policy refuse": Page(post=ADMINISTER, form=WHY),
    "act_on_policy withdraw": Page(post=OWNER),
    "rules": Page(READ),
    "edit_rules": Page(ADMINISTER),
    "audit_heads": Page(PERSON),
    "gateway_freezes": Page(READ),
    "completions": Page(READ),
    "targets": Page(PERSON),
    "help": Page(PERSON),
    "connect": Page(PERSON),
    "login": Page(STRANGER),
    "password_change": Page(PERSON),
    "password_reset": Page(STRANGER),
    "password_reset_done": Page(STRANGER),
}
# Judged by their own tests: they change who is signed in, are everybody's own, decide on
# each of several changes by itself, or name what must be there.
NOT_BY_ROLE = {
    "audit_head",
    "forget_filter",
    "keep_filter",
    "preferences",
    "sso",
    "sso_callback",
    "sso_confirm",
    "sso_link",
    "together",
    "unlink",
    "add_app",
    "add_passkey",
    "ask_passkey",
    "begin_passkey",
    "confirm",
    "design",
    "end_other_sessions",
    "end_session",
    "inbox_read",
    "inbox_settings",
    "logout",
    "notification",
    "passkey_sign_in",
    "password_reset_confirm",
    "remove_factor",
    "renew_codes",
    "second_factor",
    "security",
}

ROUTE = {"uri": "/x", "upstream": {"nodes": {"127.0.0.1:1": 1}}}
ITEM = {"action": "create", "kind": "route", "id": "x", "document": ROUTE}
FILED = {"gateway": "default", "title": "x", "reason": "So.", "items": [ITEM]}
TRIED = {"gateway": "default", "request": {"method": "GET", "url": "http://a.com/"}}
SPEC = "openapi: 3.0.3\ninfo: {title: x, version: '1'}\npaths: {}\n"
PICKED = [{"kind": "route", "id": "r1"}]
# {method and path: what it needs (a list tells whoever asks what they may see), and a body or a query that makes sense}.
OPERATIONS: dict[str, tuple[Need, dict[str, Any] | str | None]] = {
    "GET routes": (READ, None),
    "POST routes": (ASK, {"gateway": "default", "reason": "So.", "route": ROUTE}),
    "GET routes/<str:id>": (READ, None),
    "PATCH routes/<str:id>": (
        ASK,
        {"gateway": "default", "reason": "So.", "route": {"uri": "/y"}},
    ),
    "DELETE routes/<str:id>": (ASK, "?reason=So."),
    "GET resources/<str:kind>": (READ, None),
    "GET resources/<str:kind>/<path:id>": (READ, None),
    "GET changes": (PERSON, None),
    "POST changes": (ASK, FILED),
    "POST changes/preview": (READ, FILED),
    "GET changes/<int:number>": (READ, None),
    "POST changes/<int:number>/withdraw": (OWNER, {}),
    "GET plugins": (READ, None),
    "GET plugins/<str:name>": (READ, None),
    "GET gateways": (PERSON, None),
    "POST simulate": (READ, TRIED),
    "POST changes/<int:number>/revise": (OWNER, FILED),
    "POST changes/<int:number>/rebase": (OWNER, {}),
    "POST changes/<int:number>/rollback": (ASK, {"reason": "So."}),
    "GET audit": (PERSON, None),
    "GET audit/<int:number>": (READ, None),
    "GET checks": (PERSON, None),
    "GET gateways/<str:slug>/freezes": (READ, None),
    "GET gateways/<str:slug>/drift": (READ, None),
    "POST gateways/<str:slug>/drift/<int:id>": (
        ASK,
        {"action": "revert", "reason": "So."},
    ),
    "GET recipes": (READ, None),
    "POST routes/<str:id>/recipes/<str:name>": (
        ASK,
        {"gateway": "default", "reason": "So.", "settings": {}},
    ),
    "POST openapi/import": (
        ASK,
        {"gateway": "default", "reason": "So.", "document": SPEC},
    ),
    "GET gateways/<str:slug>/openapi.yaml": (READ, None),
    "POST gateways/<str:slug>/openapi/publish": (
        ASK,
        {"name": "x", "description": "x", "reason": "So."},
    ),
    "GET rules": (PERSON, None),
    "POST rules/try": (READ, {"change": 7}),
    "GET schemas/<str:kind>": (READ, None),
    "GET gateways/<str:slug>/export": (READ, "?format=apisix"),
    "POST gateways/<str:slug>/promote": (
        ASK,
        {"from": "default", "items": PICKED, "reason": "So."},
    ),
    "GET gateways/<str:slug>/imports/<int:id>": (OWNER, None),
}
# Takes a file, which tests/api/test_who_may.py sends by every role that may not.
WITH_A_FILE = {"POST gateways/<str:slug>/import"}

# The façade, as a token reaches it: {method and path: what it needs, and a body}.
FACADE: dict[str, tuple[Need, dict[str, Any] | None]] = {
    "GET routes": (READ, None),
    "GET routes/r1": (READ, None),
    "PUT routes/x": (ASK, ROUTE),
    "DELETE routes/r1": (ASK, None),
}
# The tools of `/mcp`, by name: what the operation that each stands for needs.
TOOLS: dict[str, Need] = {
    "get_all_routes": READ,
    "get_route_by_id": READ,
    "create_route": ASK,
    "update_route": ASK,
    "delete_route": ASK,
    "list_resources": READ,
    "get_resource": READ,
    "propose_change": ASK,
    "preview_change": READ,
    "list_changes": PERSON,
    "get_change": READ,
    "withdraw_change": OWNER,
    "list_plugins": READ,
    "get_plugin": READ,
    "list_gateways": PERSON,
    "simulate_request": READ,
    "revise_change": OWNER,
    "list_recipes": READ,
    "apply_recipe": ASK,
    "explain_finding": READ,  # of a change
    "search": PERSON,
    "fetch": READ,
}

LETTING_IN = "?" + urlencode(
    {
        "response_type": "code",
        "client_id": "ChatGPT",
        "code_challenge": "x" * 43,
        "code_challenge_method": "S256",
    }
)
# OAuth: whoever is signed in lets a program in, which then may what they may. Programs
# come to the rest without anybody; what they bring there is judged by tests/oauth.
OAUTH: dict[str, Page] = {
    "o/authorize/": Page(PERSON, PERSON, {"decision": "allow"}, LETTING_IN),
    "o/token/": Page(post=STRANGER, form={"grant_type": "authorization_code"}),
    "o/revoke/": Page(post=STRANGER, form={"token": "x"}),
    "o/register/": Page(post=STRANGER),
    ".well-known/oauth-authorization-server": Page(STRANGER),
    ".well-known/oauth-protected-resource": Page(STRANGER),
    ".well-known/oauth-protected-resource/mcp": Page(STRANGER),
}
# Whoever comes, by no role.
BEYOND_ROLES = {
    "/.well-known/ai-plugin.json",
    "/api",
    "/api/",
    "/api/1",
    "/api/docs",
    "/api/openapi.yaml",
    "/api/problems/1",
    "/healthz",
    "/legal",
    "/logo.png",
    "/metrics",
    "/openapi.json",
    "/openapi.yaml",
    "/readyz",
}
