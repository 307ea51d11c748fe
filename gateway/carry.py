"""Do to one document what was done to another. Pure."""

from typing import Any

from gateway.canonical import canonical, number_form

Document = dict[str, Any]

ABSENT = object()


def carried(
    onto: Document | None, before: Document | None, after: Document | None
) -> Document | None:
    """Return `onto` with all that changed from `before` to `after`; None: not there.

    Objects are taken apart, anything else comes whole. What is not there cannot be
    changed, only created.
    """
    if before is None or after is None:
        return after
    return None if onto is None else _carried(onto, before, after)


def _carried(onto: Any, before: Any, after: Any) -> Any:
    if not all(isinstance(value, dict) for value in (onto, before, after)):
        return after
    made = dict(onto)
    for name in {**before, **after}:
        was, now = before.get(name, ABSENT), after.get(name, ABSENT)
        if _is_equal(was, now):
            continue
        if now is ABSENT:
            made.pop(name, None)
        else:
            made[name] = _carried(made.get(name), was, now)
    return made


def _is_equal(a: Any, b: Any) -> bool:
    if a is ABSENT or b is ABSENT:
        return a is b
    return canonical(number_form(a)) == canonical(number_form(b))
