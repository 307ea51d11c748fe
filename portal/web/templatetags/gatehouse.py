"""Template words of the portal."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import orjson
from django import template
from django.forms import MultiWidget
from django.template import Context
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext_lazy

from gateway import visible as characters
from gateway.kinds import KINDS
from portal.accounts.models import Person, PolicyChange
from portal.accounts.policy.kinds import kind_of
from portal.changes.schedule import by_the_clock
from portal.changes.states import State
from portal.notifications.recipients import MENTION
from portal.web import findings
from portal.web.ago import for_script, in_words
from portal.web.events import program

register = template.Library()
LENGTHS = (
    (ngettext_lazy("%(count)s day", "%(count)s days", "count"), 86400),
    (ngettext_lazy("%(count)s hour", "%(count)s hours", "count"), 3600),
    (ngettext_lazy("%(count)s minute", "%(count)s minutes", "count"), 60),
    (ngettext_lazy("%(count)s second", "%(count)s seconds", "count"), 1),
)
register.simple_tag(for_script, name="words_of_ago")
register.filter("weighed", findings.weighed)
register.filter("who_answers", findings.who_answers)
register.filter("besides_who_answers", findings.besides_who_answers)


@register.filter
def visible(value: Any) -> str:
    """Show characters that hide; line breaks stay. The template escapes the rest."""
    return "\n".join(characters.visible(line) for line in str(value or "").splitlines())


@register.filter
def cited(text: str) -> list[tuple[bool, str]]:
    """Return a text in parts: whether each quotes somebody (`> ` lines), and its words."""
    parts = []
    for is_cited, lines in groupby(text.splitlines(), lambda line: line[:1] == ">"):
        words = (
            line.removeprefix(">").removeprefix(" ") if is_cited else line
            for line in lines
        )
        parts.append((is_cited, "\n".join(words).strip("\n")))
    return parts


@register.filter
def mentions(text: str, named: dict[str, Person]) -> SafeString:
    """Show what somebody wrote as `visible` does, with those whom it names set apart."""
    shown, parts, end = visible(text), [], 0
    for found in MENTION.finditer(shown):
        person = named.get(found[1].rstrip(".-"))
        if person is None:
            continue
        mention = format_html(
            '<strong class="mention" title="{}">@{}</strong>',
            person.get_full_name() or person.username,
            person.username,
        )
        parts += [(shown[end : found.start()],), (mention,)]
        end = found.start() + 1 + len(person.username)
    return format_html_join("", "{}", [*parts, (shown[end:],)])


@register.filter
def pretty(value: Any) -> str:
    """Return a document as indented JSON, hidden characters shown."""
    if value is None:
        return ""
    return str(visible(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()))


@register.filter
def plainly(value: Any) -> str:
    """Return a value of a diff as one reads it: text bare, in its lines; the rest JSON."""
    if isinstance(value, str):
        return "\n".join(map(characters.visible, value.split("\n"))) or '""'
    if isinstance(value, list) and all(isinstance(one, str | int) for one in value):
        return ", ".join(characters.visible(str(one)) for one in value) or "[]"
    return pretty(value)


@register.filter
def state_name(value: str) -> str:
    return str(State(value).label)


@register.filter
def kind_title(name: str) -> str:
    """Return a kind's title for people."""
    return KINDS[name].title if name in KINDS else name


@register.filter
def policy_title(name: str) -> str:
    """Return what a kind of policy is called."""
    return kind_of(name).title


@register.filter
def policy_points(change: PolicyChange) -> str:
    """Say what a change of policy would make different."""
    return " ".join(kind_of(change.kind).sentences(change.base, change.wanted))


@register.filter
def kind_path(name: str) -> str:
    """Return a kind's plural, as addresses name it."""
    return KINDS[name].path


@register.filter
def weight(severity: str) -> str:
    """Return what a finding of this severity means."""
    return {
        "blocker": gettext("Stops the change"),
        "warning": gettext("Look twice"),
        "info": gettext("Good to know"),
    }.get(severity, severity)


@register.filter
def breakable(address: str) -> SafeString:
    """Let an address break after a slash rather than anywhere."""
    parts = ((part,) for part in address.split("/"))
    return format_html_join(SafeString("/<wbr>"), "{}", parts)


@register.filter
def milliseconds(value: int | None) -> str:
    if value is None:
        return ""
    if value < 1000:
        return gettext("%(count)s ms") % {"count": value}
    return gettext("%(count)s s") % {"count": f"{value / 1000:.1f}"}


@register.simple_tag
def widget(field: Any) -> SafeString:
    """Draw a form field's widget with the look of our components."""
    kind = getattr(field.field.widget, "input_type", "")
    if kind in {"checkbox", "radio"}:
        return field.as_widget()
    if isinstance(field.field.widget, MultiWidget):
        parts = field.as_widget(attrs={"class": "input"})
        return format_html('<span class="halves halves--always">{}</span>', parts)
    code = " input--code" if field.name == "document" else ""
    return field.as_widget(attrs={"class": f"input{code}"})


@register.filter
def is_choices(field: Any) -> bool:
    """Whether a field is a group of boxes, which needs a legend and not a label."""
    return getattr(field.field.widget, "use_fieldset", False)


@register.filter
def is_box(field: Any) -> bool:
    """Whether a field is one box, whose label stands behind it."""
    return (
        getattr(field.field.widget, "input_type", "") == "checkbox"
        and not field.field.widget.use_fieldset
    )


@register.filter
def sign(op: str) -> str:
    return {"add": "+", "remove": "−"}.get(op, "±")


@register.filter
def past(op: str) -> str:
    if op == "add":
        return gettext("added")
    return gettext("removed") if op == "remove" else gettext("changed")


@register.filter
def in_lines(lines: Sequence[str]) -> str:
    """Return lines of a text below each other, with what hides in them shown."""
    return "\n".join(map(characters.visible, lines))


@register.filter
def program_name(client: str, channel: str) -> str:
    """Return by which program somebody acted; a browser by its short name."""
    return program(channel, client)


@register.filter
def took(run: Any) -> str:
    """Return how long a delivery or an attempt took, once it is over."""
    began = getattr(run, "queued_at", None) or run.started_at
    if run.finished_at is None:
        return ""
    return milliseconds(round((run.finished_at - began).total_seconds() * 1000))


@register.filter
def kept_for(kept: dict[str, str] | None, name: str) -> str:
    """Return what was typed into the form of this name before it was refused."""
    return (kept or {}).get(name, "")


@register.filter
def count_of(counts: dict[int, int], key: int) -> int:
    """Return a count by its key; 0 where nothing was counted."""
    return counts.get(key, 0)


@register.filter
def cut_words(text: str) -> list[str]:
    return text.split()


@register.simple_block_tag
def part(content: SafeString) -> SafeString:
    """Draw a part of a sentence ahead, `as` a name that `blocktranslate` may place."""
    return content


@register.simple_tag
def icon(name: str) -> SafeString:
    """Draw an icon of the sprite; words beside it say what it means."""
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>',
        static("icons.svg"),
        name,
    )


@register.inclusion_tag("_nav.html", takes_context=True)
def nav(
    context: Context,
    view: str,
    icon: str,
    words: str,
    count: int = 0,
    counted: str = "",
) -> dict[str, Any]:
    """Draw a link of the navigation, marked where its page or one below it is open."""
    url, here = reverse(view), context["request"].path
    below = url != "/" and here.startswith(url)
    return {
        "url": url,
        "current": "page" if here == url else "true" if below else "",
        "name": icon,
        "words": words,
        "count": count,
        "counted": counted,
    }


@register.simple_tag
def ago(moment: datetime | None) -> SafeString | str:
    """Say how long ago, with the exact time, in the reader's time zone, on hover."""
    if moment is None:
        return ""
    exact = timezone.localtime(moment)
    return format_html(
        '<time datetime="{}" title="{}" data-ago>{}</time>',
        exact.isoformat(timespec="seconds"),
        exact.strftime("%Y-%m-%d %H:%M:%S %Z"),
        in_words(moment),
    )


@register.filter
def length_words(length: timedelta) -> str:
    """Return "2 hours", "1 day 12 hours" and the like."""
    seconds, parts = int(length.total_seconds()), []
    for words, size in LENGTHS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(words % {"count": count})
    return " ".join(parts)


@register.filter
def about(length: timedelta) -> str:
    """Return a length by its largest unit, rounded down: "3 h"."""
    seconds = int(length.total_seconds())
    for words, size in (
        (gettext("%(count)s d"), 86400),
        (gettext("%(count)s h"), 3600),
        (gettext("%(count)s min"), 60),
    ):
        if seconds >= size:
            return words % {"count": seconds // size}
    return gettext("%(count)s s") % {"count": seconds}


@register.filter
def above(path: Sequence[Any]) -> list[str]:
    """Return where a field stands: the names on the way to it."""
    return [characters.visible(str(part)) for part in path[:-1]]


@register.simple_tag
def at(moment: datetime) -> SafeString:
    """Name a moment that somebody decides by, and how far it is."""
    return format_html(
        '<span class="strong">{}</span> ({})', by_the_clock(moment), ago(moment)
    )
