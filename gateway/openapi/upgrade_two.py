"""Bring OpenAPI 2.0 ("Swagger") to the form of 3.0. https://swagger.io/specification/v2/"""

from collections.abc import Iterable
from typing import Any

from gateway.openapi.references import followed
from gateway.openapi.shapes import Document, Place, an_object, listed, objects, taken

METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
# Compared one by one: what stands there may be anything.
BODIES = ("body", "formData")
MOVED = (
    ("#/definitions/", "#/components/schemas/"),
    ("#/parameters/", "#/components/parameters/"),
    ("#/responses/", "#/components/responses/"),
)
NOT_IN_SCHEMA = frozenset(
    {"name", "in", "description", "required", "allowEmptyValue", "collectionFormat"}
)
STYLES = {
    "csv": ("simple", False),
    "ssv": ("spaceDelimited", False),
    "pipes": ("pipeDelimited", False),
    "multi": ("form", True),
}
FLOWS = {"accessCode": "authorizationCode", "application": "clientCredentials"}
KEPT = ("info", "tags", "externalDocs", "security")
FORM = "application/x-www-form-urlencoded"


def upgraded_from_two(document: Document) -> Document:
    """Return the document in 3.0's form; extensions stay where they are."""
    return _Two(document).upgraded()


class _Two:
    def __init__(self, document: Document) -> None:
        self.document = document

    def upgraded(self) -> Document:
        old = self.document
        made: Document = {name: old[name] for name in KEPT if name in old}
        made |= {name: one for name, one in old.items() if name.startswith("x-")}
        made["servers"] = self._servers(old)
        made["paths"] = {
            path: self._path(one, ("paths", path))
            for path, one in objects(old, "paths", ())
        }
        made["components"] = {
            "schemas": dict(objects(old, "definitions", ())),
            "parameters": {
                name: self._parameter(one)
                for name, one in objects(old, "parameters", ())
                if one.get("in") not in BODIES
            },
            "responses": {
                name: self._response(one, self._types(old, "produces", ()))
                for name, one in objects(old, "responses", ())
            },
            "securitySchemes": {
                name: _scheme(one)
                for name, one in objects(old, "securityDefinitions", ())
            },
        }
        moved: Document = _moved(made)
        return moved

    def _servers(self, holder: Document) -> list[Document]:
        """Return one server: of several schemes the safest."""
        host = taken(holder, "host", str, ())
        base = taken(holder, "basePath", str, ())
        schemes = taken(holder, "schemes", list, ())
        scheme = "https" if "https" in schemes or not schemes else str(schemes[0])
        if not host:
            return [{"url": base or "/"}]
        return [{"url": f"{scheme}://{host}{base}"}]

    def _path(self, item: Document, at: Place) -> Document:
        made = {name: one for name, one in item.items() if name not in METHODS}
        shared = [one for _, one in listed(item, "parameters", at)]
        made["parameters"] = [
            self._parameter(one) for one in shared if not self._is_body(one, at)
        ]
        for method in METHODS:
            if method in item:
                operation = an_object(item[method], (*at, method))
                made[method] = self._operation(operation, shared, (*at, method))
        return made

    def _operation(
        self, operation: Document, shared: list[Document], at: Place
    ) -> Document:
        old = {"consumes", "produces", "schemes", "parameters", "responses"}
        made = {name: one for name, one in operation.items() if name not in old}
        own = [one for _, one in listed(operation, "parameters", at)]
        made["parameters"] = [
            self._parameter(one) for one in own if not self._is_body(one, at)
        ]
        bodies = [
            an_object(followed(self.document, one, at), at)
            for one in (*shared, *own)
            if self._is_body(one, at)
        ]
        if bodies:
            made["requestBody"] = self._body(
                bodies, self._types(operation, "consumes", at)
            )
        produced = self._types(operation, "produces", at)
        made["responses"] = {
            status: self._response(one, produced)
            for status, one in objects(operation, "responses", at)
        }
        return made

    def _types(self, holder: Document, name: str, at: Place) -> list[str]:
        own = taken(holder, name, list, at) or taken(self.document, name, list, ())
        return [one for one in own if isinstance(one, str)]

    def _is_body(self, parameter: Document, at: Place) -> bool:
        whole = followed(self.document, parameter, at)
        return isinstance(whole, dict) and whole.get("in") in BODIES

    def _parameter(self, parameter: Document) -> Document:
        if "$ref" in parameter:
            return parameter
        made = {
            name: one
            for name, one in parameter.items()
            if name in {"name", "in", "description", "required", "allowEmptyValue"}
            or name.startswith("x-")
        }
        made["schema"] = _schema(parameter)
        style = STYLES.get(str(parameter.get("collectionFormat", "")))
        if style and parameter.get("type") == "array":
            name, explode = style
            is_query = parameter.get("in") == "query"
            made["style"] = "form" if is_query and name == "simple" else name
            made["explode"] = explode
        return made

    def _body(self, parameters: list[Document], types: Iterable[str]) -> Document:
        whole = [one for one in parameters if one.get("in") == "body"]
        if whole:
            one = whole[-1]
            media = {"schema": one.get("schema", {})}
            made: Document = {
                "content": dict.fromkeys(list(types) or ["application/json"], media)
            }
            made |= {n: one[n] for n in ("description", "required") if n in one}
            return made
        schema: Document = {
            "type": "object",
            "properties": {
                str(one.get("name", "")): _schema(one) for one in parameters
            },
        }
        needed = [one.get("name") for one in parameters if one.get("required") is True]
        if needed:
            schema["required"] = needed
        has_file = any(one.get("type") == "file" for one in parameters)
        usual = "multipart/form-data" if has_file else FORM
        forms = [one for one in types if one in {"multipart/form-data", FORM}]
        media = {"schema": schema}
        return {
            "content": dict.fromkeys(forms or [usual], media),
            "required": bool(needed),
        }

    def _response(self, response: Document, types: Iterable[str]) -> Document:
        if "$ref" in response:
            return response
        old = {"schema", "examples", "headers"}
        made = {name: one for name, one in response.items() if name not in old}
        if "schema" in response:
            media = {"schema": response["schema"]}
            made["content"] = dict.fromkeys(list(types) or ["application/json"], media)
        if isinstance(response.get("headers"), dict):
            made["headers"] = {
                name: {"schema": _schema(one)}
                for name, one in response["headers"].items()
                if isinstance(one, dict)
            }
        return made


def _schema(parameter: Document) -> Document:
    """Return what of a parameter is its schema."""
    made = {
        name: one
        for name, one in parameter.items()
        if name not in NOT_IN_SCHEMA and not name.startswith("x-")
    }
    if made.get("type") == "file":
        return {"type": "string", "format": "binary"}
    return made


def _scheme(scheme: Document) -> Document:
    kind = scheme.get("type")
    if kind == "basic":
        extra = {name: one for name, one in scheme.items() if name.startswith("x-")}
        return {"type": "http", "scheme": "basic"} | extra
    if kind != "oauth2":
        return scheme
    flow = str(scheme.get("flow", ""))
    told = {
        name: scheme[name]
        for name in ("authorizationUrl", "tokenUrl", "scopes")
        if name in scheme
    }
    return {"type": "oauth2", "flows": {FLOWS.get(flow, flow): {"scopes": {}} | told}}


def _moved(value: Any) -> Any:
    """Return a copy whose references follow what was moved."""
    if isinstance(value, list):
        return [_moved(one) for one in value]
    if not isinstance(value, dict):
        return value
    made = {name: _moved(one) for name, one in value.items()}
    reference = made.get("$ref")
    if isinstance(reference, str):
        for old, new in MOVED:
            if reference.startswith(old):
                made["$ref"] = new + reference.removeprefix(old)
    return made
