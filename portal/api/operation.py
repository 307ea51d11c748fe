"""Describe operations for the OpenAPI documents: those that every door has as they
describe themselves, the API's own beside the method that does them.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
)

from portal.api.errors import MEDIA_TYPE
from portal.wire import examples
from portal.wire.answers.shapes import Filed, Problem
from portal.wire.operation import ANY, ONE, InPath, Operation

# Statuses that a body adds.
BODY = (413, 415)
NOTHING_ELSE: Mapping[int, tuple[Any, str]] = MappingProxyType({})

WORDS = {
    400: "Malformed, or an unknown field.",
    401: "No token, or a bad one.",
    403: "Role or scope missing.",
    404: "Not there, or not for you.",
    409: "Illegal now, or key used again.",
    413: "Body too large.",
    415: "Of another type.",
    422: "A blocker stands; see findings.",
    429: "Too many; see Retry-After.",
    503: "Gateway down; nothing stored.",
}


def operation(
    operation_id: str,
    *,
    summary: str,
    description: str,
    answer: Any,
    consequential: bool,
    answer_example: Any,
    status: int = 200,
    errors: Sequence[int] = ANY,
    body: Any = None,
    body_example: Any = None,
    body_types: Sequence[str] = ("application/json",),
    parameters: Sequence[Any] = (),
    answer_words: str = "",
    answer_type: str = "application/json",
    also: Mapping[int, tuple[Any, str]] = NOTHING_ELSE,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the decorator that puts a view's method into the documents.

    `consequential`: whether a chat client asks the user each time before it calls.
    `also` are other answers by status, each with what it is in words.
    """
    examples = [
        OpenApiExample(
            "answer",
            value=answer_example,
            response_only=True,
            status_codes=[str(status)],
            media_type=answer_type,
        )
    ]
    if body_example is not None:
        examples += [
            OpenApiExample(
                "request", value=body_example, request_only=True, media_type=media_type
            )
            for media_type in body_types
        ]
    responses: dict[Any, Any] = {
        (status, answer_type): OpenApiResponse(
            answer, description=answer_words or "Done."
        )
    }
    for code, (other, words) in also.items():
        responses[code, answer_type] = OpenApiResponse(other, description=words)
    for code in sorted({*errors, *(BODY if body else ())}):
        responses[code, MEDIA_TYPE] = OpenApiResponse(Problem, description=WORDS[code])
    return extend_schema(
        operation_id=operation_id,
        summary=summary,
        description=description,
        request=dict.fromkeys(body_types, body) if body else None,
        parameters=list(parameters),
        responses=responses,
        examples=examples,
        extensions={"x-openai-isConsequential": consequential},
        tags=["gatehouse"],
    )


def described(told: Operation) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Put a view's method into the documents as its operation describes itself."""
    parameters = [in_path(one) for one in told.path]
    return operation(
        told.id,
        summary=told.title,
        description=told.words,
        answer=told.answer,
        answer_words=told.answer_words,
        answer_example=told.answer_example,
        status=told.status,
        errors=told.errors,
        body=told.body,
        body_example=told.body_example,
        body_types=told.body_types,
        parameters=[*parameters, told.query] if told.query else parameters,
        also={200: (told.preview, "With preview: what it would do.")}
        if told.preview
        else NOTHING_ELSE,
        consequential=told.is_consequential,
    )


def in_path(told: InPath) -> OpenApiParameter:
    """Return a path parameter as an operation describes it."""
    options: dict[str, Any] = {"enum": told.choices} if told.choices else {}
    return path_id(told.name, told.words, told.example, type=told.type, **options)


def filing(
    operation_id: str, **told: Any
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Describe an operation that files a change, by what sets it apart from the others."""
    return operation(
        operation_id,
        **told,
        errors=(*ONE, 409, 422),
        status=202,
        answer=Filed,
        answer_words="Filed for review; not live yet.",
        answer_example=examples.FILED,
        consequential=True,
    )


def path_id(
    name: str, description: str, example: Any, **options: Any
) -> OpenApiParameter:
    """Return a path parameter with an example."""
    return OpenApiParameter(
        name,
        options.pop("type", str),
        OpenApiParameter.PATH,
        description=description,
        examples=[OpenApiExample(name, value=example)],
        **options,
    )
