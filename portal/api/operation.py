"""Describe an operation for the OpenAPI documents, beside the method that does it.

Chat clients read these texts to choose and fill calls. OpenAI's limits: 300 characters
for a summary or description, 700 for a parameter's
(https://developers.openai.com/api/docs/actions/production).
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

# Statuses that any operation answers, and those that bodies and filing add.
ANY = (400, 401, 403, 429, 503)
ONE = (*ANY, 404)
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
