"""Validation without a write: one document's schema, or a whole configuration."""

from typing import Any

from starlette.responses import Response

from gateway.kinds import KIND_BY_PATH, Kind
from gateway.sandbox import answers, dialect, lua_json
from gateway.sandbox.answers import Refused
from gateway.sandbox.checks import Candidate, check, check_metadata
from gateway.sandbox.request import check_size, read_body
from gateway.sandbox.schemas import KIND_SCHEMAS
from gateway.sandbox.store import Store


def validate_schema(path: str, body: bytes) -> Response:
    """Answer `POST /schema/validate/{kinds}`: the schema alone, nothing else."""
    kind = KIND_BY_PATH.get(path)
    if kind is None or kind.name not in KIND_SCHEMAS:
        raise Refused(f"Unsupported resource type: {path}", status=404)
    if not body:
        raise Refused("wrong type: expected object, got nil")
    failure = dialect.check(KIND_SCHEMAS[kind.name], read_body(body))
    if failure is not None:
        raise Refused(failure)
    return answers.plain(200)


def validate_configs(body: bytes, content_type: str, store: Store) -> Response:
    """Answer `POST /configs/validate`: everything but references, all errors at once."""
    check_size(body)
    if not body:
        raise Refused("invalid request body: empty request body")
    configuration = _decode(body, content_type)
    errors: list[dict[str, Any]] = []
    for kind in KIND_BY_PATH.values():
        items = configuration.get(kind.path) if kind.name != "credential" else None
        if isinstance(items, list):
            errors += _errors(kind, items, store)
    if errors:
        raise Refused("Configuration validation failed", errors=errors)
    return answers.answer(200, {})


def _decode(body: bytes, content_type: str) -> dict[str, Any]:
    if content_type.startswith("application/yaml"):
        # Imported when asked for: nobody else here reads YAML.
        import yaml

        try:
            decoded = yaml.safe_load(body)
        except yaml.YAMLError as error:
            raise Refused("invalid request body: invalid yaml request body") from error
    else:
        try:
            decoded = lua_json.decode(body)
        except lua_json.DecodeError as error:
            raise Refused(f"invalid request body: {error}") from error
    if not isinstance(decoded, dict):
        raise Refused("invalid request body: expected an object")
    return decoded


def _errors(kind: Kind, items: list[Any], store: Store) -> list[dict[str, Any]]:
    errors = []
    seen: set[str] = set()
    for index, item in enumerate(items):
        document = item if isinstance(item, dict) else {}
        own_id = document.get("id", document.get("username"))
        place = {"resource_type": kind.path, "index": index}
        if own_id is not None:
            place["resource_id"] = own_id
        failure = _failure(kind, document, store)
        if failure is not None:
            errors.append({**place, "error": failure})
        if own_id is None:
            continue
        if str(own_id) in seen:
            what = "username" if kind.name == "consumer" else "id"
            words = f"found duplicate {what} {own_id} in {kind.path}"
            errors.append({**place, "error": words})
        seen.add(str(own_id))
    return errors


def _failure(kind: Kind, document: dict[str, Any], store: Store) -> str | None:
    own_id = document.get("id")
    try:
        if kind.name == "plugin_metadata":
            check_metadata(own_id, document)
            return None
        name = kind.name
        if name == "consumer":
            # Credentials stand among consumers, known by their longer id.
            name = "credential" if "/credentials/" in str(own_id) else name
            own_id = own_id if name == "credential" else None
        if name == "secret" and "/" not in str(own_id):
            return f"invalid secret id: {own_id}"
        candidate = Candidate(
            document=document,
            own_id=None if own_id is None else str(own_id),
            references=False,
        )
        check(name, candidate, store)
    except Refused as refusal:
        return str(refusal)
    return None
