"""What oauthlib asks us while it answers a request, on django-oauth-toolkit's terms.

The toolkit authenticates clients; whatever is stored or ended is an operation of
portal/accounts. Nothing is fetched here: a program known by a document was read when
its person was asked (consent.py).
"""

from typing import Any

from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.common import Request
from oauthlib.oauth2.rfc6749 import errors

from portal.accounts import audience, connections
from portal.accounts.connections import Issued
from portal.accounts.models import Grant, Program, Scope
from portal.accounts.programs import find_program

# Among the headers that oauthlib carries along, the only way to bring more.
REQUEST_ID = "X-Request-ID"


class InvalidTarget(errors.OAuth2Error):
    """RFC 8707, 2: `resource` names what is not ours, or more than was allowed."""

    error = "invalid_target"


def audiences(request: Request, resources: list[str]) -> list[str]:
    """Return the audiences of `resource` parameters. Raises InvalidTarget."""
    found = [audience.canonical(one) for one in resources]
    if None in found:
        raise InvalidTarget(
            description="resource must be an address of this desk, such as "
            "its own or that of /mcp.",
            request=request,
        )
    return [one for one in dict.fromkeys(found) if one]


class Validator(OAuth2Validator):
    """One code, one pair of tokens; PKCE for all but GPT Actions."""

    def _load_application(self, client_id: Any, request: Request) -> Program | None:
        known = request.client
        if not isinstance(known, Program) or known.client_id != client_id:
            request.client = find_program(client_id)
        return request.client

    def is_pkce_required(self, client_id: str, request: Request) -> bool:
        return not request.client.is_gpt_action

    def validate_response_type(
        self,
        client_id: str,
        response_type: str,
        client: Program,
        request: Request,
        *more: Any,
    ) -> bool:
        if response_type != "code":
            raise errors.UnsupportedResponseTypeError(request=request)
        return True

    def validate_grant_type(self, *args: Any) -> bool:
        # The server knows no others than these (server.py).
        return True

    def validate_scopes(
        self,
        client_id: str,
        scopes: list[str],
        client: Program,
        request: Request,
        *more: Any,
    ) -> bool:
        return set(scopes) <= set(Scope.values)

    def get_default_scopes(
        self, client_id: str, request: Request, *more: Any
    ) -> list[str]:
        return list(Scope.values)

    def is_origin_allowed(self, *args: Any) -> bool:
        return False  # the settings' CORS_… decide

    def save_authorization_code(
        self, client_id: str, code: dict[str, str], request: Request, *more: Any
    ) -> None:
        connections.connect(request.asked, code=code["code"], actor=request.actor)

    def validate_code(
        self, client_id: str, code: str, client: Program, request: Request, *more: Any
    ) -> bool:
        grant = (
            Grant.objects.select_related("connection__person", "connection__program")
            .filter(code=code, application=client)
            .first()
        )
        if grant is None:
            return False
        if grant.used_at:
            self._cut_off(grant, request)
            return False
        request.grant = grant
        request.user = grant.connection.person
        request.scopes = grant.scope.split()
        return not grant.is_expired() and request.user.is_active

    def invalidate_authorization_code(self, *args: Any) -> None:
        """Do nothing: `save_bearer_token` used it up, in one transaction."""

    def validate_refresh_token(
        self, refresh_token: str, client: Program, request: Request, *more: Any
    ) -> bool:
        token = connections.find_refresh(refresh_token, client)
        if token is None:
            return False
        if token.revoked:
            self._cut_off(token, request)
            return False
        request.user = token.connection.person
        request.refresh = token
        return True

    def get_original_scopes(
        self, refresh_token: str, request: Request, *more: Any
    ) -> list[str]:
        return list(request.refresh.connection.scopes)

    def save_bearer_token(
        self, token: dict[str, Any], request: Request, *more: Any
    ) -> None:
        """Use up the code or refresh token, and store what it buys."""
        by_code = request.grant_type == "authorization_code"
        bought_by = request.grant if by_code else request.refresh
        sent = request.decoded_body or []
        asked = audiences(
            request, [value for name, value in sent if name == "resource"]
        )
        if not audience.covers(bought_by.resource, asked):
            raise InvalidTarget(
                description="resource was not allowed by the person who let you in.",
                request=request,
            )
        issued = Issued(
            access=token["access_token"],
            refresh=token["refresh_token"],
            scopes=token["scope"].split(),
            audiences=asked or bought_by.resource,
        )
        use = connections.use_code if by_code else connections.use_refresh
        if not use(bought_by, issued):
            # Somebody else came between our look and this.
            self._cut_off(bought_by, request)
            raise errors.InvalidGrantError(request=request)

    def revoke_token(
        self, token: str, token_type_hint: str, request: Request, *more: Any
    ) -> None:
        connections.revoke_by_program(
            token, request.client, request_id=_request_id(request)
        )

    def _cut_off(self, twice: Any, request: Request) -> None:
        what = "code" if isinstance(twice, Grant) else "refresh token"
        connections.cut_off(
            twice.connection, what=what, request_id=_request_id(request)
        )


def _request_id(request: Request) -> str:
    return str(request.headers.get(REQUEST_ID, ""))
