"""OpenAPI documents to import: the pet store in each version, and one as large as any."""

import copy
import random
from collections.abc import Iterator
from typing import Any

Document = dict[str, Any]

PETSTORE: Document = {
    "openapi": "3.0.3",
    "info": {"title": "Pet Store", "version": "1.0.7", "description": "Pets, sold."},
    "servers": [{"url": "https://petstore.example.com/v1"}],
    "tags": [{"name": "pets"}],
    "security": [{"api_key": []}],
    "paths": {
        "/pets": {
            "get": {
                "summary": "List all pets",
                "operationId": "listPets",
                "tags": ["pets"],
                "security": [],
                "parameters": [
                    {
                        "name": "limit",
                        "in": "query",
                        "schema": {
                            "type": "integer",
                            "maximum": 9223372036854775807,
                            "exclusiveMaximum": True,
                        },
                    }
                ],
                "responses": {
                    "200": {
                        "description": "Pets.",
                        "content": {
                            "application/json": {
                                "schema": {"$ref": "#/components/schemas/Pets"}
                            }
                        },
                    },
                    "default": {"$ref": "#/components/responses/Problem"},
                },
            },
            "post": {
                "summary": "Create a pet",
                "operationId": "createPet",
                "tags": ["pets"],
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {
                            "schema": {"$ref": "#/components/schemas/Pet"}
                        }
                    },
                },
                "responses": {"201": {"description": "Created."}},
            },
        },
        "/pets/{petId}": {
            "parameters": [
                {
                    "name": "petId",
                    "in": "path",
                    "required": True,
                    "schema": {"type": "string"},
                },
                {
                    "name": "X-Tenant",
                    "in": "header",
                    "required": True,
                    "schema": {"type": "string", "minLength": 2},
                },
            ],
            "get": {
                "summary": "One pet",
                "operationId": "showPetById",
                "security": [{"basic": []}],
                "responses": {"200": {"description": "A pet."}},
            },
            "delete": {
                "responses": {"204": {"description": "Gone."}},
                "security": [{"jwt": []}],
            },
        },
        "/pets/mine": {
            "get": {
                "operationId": "myPets",
                "responses": {"200": {"description": "Mine."}},
            }
        },
    },
    "components": {
        "schemas": {
            "Pet": {
                "type": "object",
                "required": ["id", "name"],
                "properties": {
                    "id": {"type": "integer", "format": "int64", "readOnly": True},
                    "name": {"type": "string", "minLength": 1},
                    "tag": {"type": "string", "nullable": True},
                    "mother": {"$ref": "#/components/schemas/Pet"},
                },
            },
            "Pets": {"type": "array", "items": {"$ref": "#/components/schemas/Pet"}},
        },
        "responses": {"Problem": {"description": "Something went wrong."}},
        "securitySchemes": {
            "api_key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            "basic": {"type": "http", "scheme": "basic"},
            "jwt": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
        },
    },
}

PETSTORE_TWO: Document = {
    "swagger": "2.0",
    "info": {"title": "Pet Store", "version": "1.0.7"},
    "host": "petstore.example.com",
    "basePath": "/v1",
    "schemes": ["http", "https"],
    "consumes": ["application/json"],
    "produces": ["application/json"],
    "securityDefinitions": {
        "api_key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        "basic": {"type": "basic"},
        "oauth": {
            "type": "oauth2",
            "flow": "accessCode",
            "authorizationUrl": "https://petstore.example.com/authorize",
            "tokenUrl": "https://petstore.example.com/token",
            "scopes": {"pets": "Your pets."},
        },
    },
    "parameters": {
        "body": {
            "name": "pet",
            "in": "body",
            "required": True,
            "schema": {"$ref": "#/definitions/Pet"},
        },
        "tags": {
            "name": "tags",
            "in": "query",
            "type": "array",
            "items": {"type": "string"},
            "collectionFormat": "multi",
        },
    },
    "paths": {
        "/pets": {
            "get": {
                "operationId": "listPets",
                "parameters": [{"$ref": "#/parameters/tags"}],
                "responses": {
                    "200": {
                        "description": "Pets.",
                        "schema": {
                            "type": "array",
                            "items": {"$ref": "#/definitions/Pet"},
                        },
                    }
                },
            },
            "post": {
                "operationId": "createPet",
                "security": [{"api_key": []}],
                "parameters": [{"$ref": "#/parameters/body"}],
                "responses": {"201": {"description": "Created."}},
            },
        },
        "/pets/{petId}/photo": {
            "post": {
                "operationId": "uploadPhoto",
                "security": [{"basic": []}],
                "consumes": ["multipart/form-data"],
                "parameters": [
                    {
                        "name": "petId",
                        "in": "path",
                        "required": True,
                        "type": "string",
                    },
                    {
                        "name": "photo",
                        "in": "formData",
                        "required": True,
                        "type": "file",
                    },
                ],
                "responses": {"200": {"description": "Kept."}},
            }
        },
    },
    "definitions": {
        "Pet": {
            "type": "object",
            "required": ["name"],
            "properties": {"name": {"type": "string"}},
        }
    },
}


def petstore(**fields: Any) -> Document:
    """Return the pet store of 3.0 with other members."""
    return copy.deepcopy(PETSTORE) | fields


def with_operation(
    document: Document, path: str, method: str, **fields: Any
) -> Document:
    """Return a document in which one operation says this too."""
    made = copy.deepcopy(document)
    item = made["paths"].setdefault(path, {})
    item[method] = (
        item.get(method, {"responses": {"200": {"description": "."}}}) | fields
    )
    return made


def as_large_as_github() -> Document:
    """Return a document of the size and shape of GitHub's REST description.

    Some 800 paths, 1,200 operations, deep templates under few prefixes, 7 MB of JSON.
    """
    paths: Document = {}
    count = 0
    for area in range(20):
        for thing in range(40):
            base = f"/repos/{{owner}}/{{repo}}/area{area}/thing{thing}"
            if thing % 3 == 0:
                base += "/{thing_id}"
            item: Document = {}
            for method in ("get", "post") if thing % 2 else ("get",):
                count += 1
                item[method] = _operation(f"area{area}/op-{count}", base)
            paths[base] = item
    return {
        "openapi": "3.0.3",
        "info": {"title": "Code Forge REST API", "version": "1.1.4"},
        "servers": [{"url": "http://forge.example.com"}],
        "paths": paths,
        "components": {"schemas": {f"Thing{n}": _schema(n) for n in range(600)}},
    }


def _operation(operation_id: str, path: str) -> Document:
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    reference = {"$ref": f"#/components/schemas/Thing{len(operation_id) * 17 % 600}"}
    return {
        "operationId": operation_id,
        "summary": f"Do {operation_id}",
        "description": "What it does and when. " * 100,
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in names
        ],
        "responses": {
            "200": {
                "description": "Done.",
                "content": {"application/json": {"schema": reference}},
            }
        },
    }


def _schema(number: int) -> Document:
    return {
        "type": "object",
        "properties": {
            f"field_{name}": {
                "type": "string",
                "nullable": True,
                "description": "What this field says of the thing that it belongs to. "
                * 2,
                "example": "an example",
            }
            for name in range(30)
        }
        | {"next": {"$ref": f"#/components/schemas/Thing{(number + 1) % 600}"}},
    }


ODD: tuple[Any, ...] = (
    *(None, True, 0, -1, 1.5, "", "x", "#/paths", "/{", "{x}", 10**30),
    *([], {}, [[]], [{}], ["a"], {"a": 1}, {"limit": 0}),
    *({"$ref": "#/components/schemas/Pet"}, {"$ref": "#"}, {"$ref": "#/nowhere"}),
)


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if at:
        yield at
    if isinstance(value, dict | list):
        members = value.items() if isinstance(value, dict) else enumerate(value)
        for name, one in members:
            yield from places(one, (*at, name))


def mangled(document: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """Return a document with something else in up to three of its places."""
    made = copy.deepcopy(document)
    for _ in range(chance.choice((1, 1, 2, 3))):
        at = chance.choice(list(places(made)))
        holder = made
        for part in at[:-1]:
            holder = holder[part]
        holder[at[-1]] = copy.deepcopy(chance.choice(ODD))
    return made
