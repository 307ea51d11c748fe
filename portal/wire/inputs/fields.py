"""Fields that take exactly the JSON type they name, and say what to send instead.

DRF's own fields are lenient ("5" is a number, 1 is text, "yes" is true). What passes
here is reviewed and delivered as it was sent, so nothing may be read as something
else. All of them return the value untouched.
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from itertools import islice
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from gateway.kinds import PLAIN_ID

# Of the fields of one object that are not known.
TOLD_AT_MOST = 20


def _messages(what: str) -> dict[str, Any]:
    return {
        "required": f"It is missing. Give {what}.",
        "null": f"It is null. Give {what}, or leave it out.",
        "invalid": f"It is not {what}. Give {what}.",
        "not_a_list": f"It is not {what}. Give {what}.",
        "not_a_dict": f"It is not {what}. Give {what}.",
        "blank": "It is empty. Give at least one character.",
        "empty": "It is empty. Give at least one.",
        "min_length": "It is too short: give at least {min_length}.",
        "max_length": "It is too long: give at most {max_length}.",
        "min_value": "It is too small: give at least {min_value}.",
        "max_value": "It is too large: give at most {max_value}.",
        "invalid_choice": "It is not one of the values that are known.",
    }


class Text(serializers.CharField):
    """A string, kept with its white space."""

    default_error_messages = _messages("text")

    def __init__(self, **options: Any) -> None:
        options.setdefault("trim_whitespace", False)
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Whole(serializers.IntegerField):
    """An integer; not true, not "5", not 5.0."""

    default_error_messages = _messages("a whole number")

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return data


class Number(serializers.FloatField):
    """An integer or a float."""

    default_error_messages = _messages("a number")

    def to_internal_value(self, data: Any) -> float:
        if not isinstance(data, int | float) or isinstance(data, bool):
            self.fail("invalid")
        return data


class Flag(serializers.BooleanField):
    """true or false."""

    default_error_messages = _messages("true or false")

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid")
        return data


class Choice(serializers.ChoiceField):
    """One of a few values, of the same JSON type."""

    default_error_messages = _messages("one of the known values")

    def to_internal_value(self, data: Any) -> Any:
        known = list(self.choices)
        if any(one == data and type(one) is type(data) for one in known):
            return data
        raise serializers.ValidationError(
            f"It is not one of {', '.join(map(str, known))}. Give one of these.",
            code="invalid_choice",
        )


class Several(serializers.ListField):
    """A list whose members each pass `child`."""

    default_error_messages = _messages("a list")

    def to_internal_value(self, data: Any) -> list[Any]:
        if not isinstance(data, list):
            self.fail("not_a_list")
        # Before each of its members is looked at.
        if self.max_length is not None and len(data) > self.max_length:
            self.fail("max_length", max_length=self.max_length)
        checked: list[Any] = super().to_internal_value(data)
        return checked


class Free(serializers.DictField):
    """An object with keys of its own choice; members pass `child` if one is given."""

    default_error_messages = _messages("an object")

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            self.fail("not_a_dict")
        checked: dict[str, Any] = super().to_internal_value(data)
        return checked


@extend_schema_field(OpenApiTypes.STR)
class Id(serializers.Field[Any, Any, Any, Any]):
    """An id that APISIX accepts: text of its rule, or a whole number from 1."""

    default_error_messages = _messages(
        "an id: 1 to 64 of letters, digits, '-', '_', '.'"
    )

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, int) and not isinstance(data, bool) and data >= 1:
            return data
        if not isinstance(data, str) or not PLAIN_ID.fullmatch(data):
            self.fail("invalid")
        return data

    def to_representation(self, value: Any) -> Any:
        return value


class Strict(serializers.Serializer[Any]):
    """An object of which every key is known; `validated_data` is what was sent.

    A subclass may widen `knows()`: keys that it passes on without checking.
    """

    default_error_messages = {
        "invalid": "It is not an object. Give an object.",
        "required": "It is missing. Give an object.",
        "null": "It is null. Give an object, or leave it out.",
    }

    def knows(self, name: str) -> bool:
        return name in self.fields

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, Mapping):
            raise serializers.ValidationError(
                {"non_field_errors": [self.error_messages["invalid"]]}, code="invalid"
            )
        strange = (str(name) for name in data if not self.knows(name))
        refused = all_unknown(strange, list(self.fields))
        try:
            super().to_internal_value(data)
        except serializers.ValidationError as error:
            if isinstance(error.detail, dict):
                raise serializers.ValidationError(
                    {**refused, **error.detail}
                ) from error
            raise
        if refused:
            raise serializers.ValidationError(refused)
        return dict(data)


def all_unknown(names: Iterable[str], known: list[str]) -> dict[str, list[str]]:
    """Say it of each of these, as far as anybody reads: each costs a search."""
    told = islice(names, TOLD_AT_MOST)
    return {name[:80]: [unknown(name, known)] for name in told}


def unknown(name: str, known: list[str]) -> str:
    """Say that a field is not known, and which one was probably meant."""
    close = get_close_matches(name, known, n=1)
    mend = (
        f"Did you mean {close[0]}?"
        if close
        else f"Known are: {', '.join(known)}."
        if len(known) <= 12
        else "Leave it out."
    )
    return f"There is no such field. {mend}"


class Partial(Strict):
    """A document or a part of one: every field may be left out.

    null is what a merge patch (RFC 7396) removes a field by; in a new document it is
    the same as leaving the field out.
    """

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        for field in fields.values():
            field.required = False
            field.allow_null = True
        return fields
