"""The conversation about a change: who is named, what is quoted, long ones in parts."""

import re
from collections.abc import Callable

from django.test import Client

from gateway.models import Gateway
from portal.accounts.roles import Role
from portal.changes.models import ChangeRequest
from portal.web.changes.talk import AT_A_TIME
from tests.factories import Cast, make_change, make_comment, make_gateway, make_person

As = Callable[[str], Client]

MENTION = re.compile(r'<strong class="mention" title="([^"]*)">(@[^<]*)</strong>')


def page_of(client: Client, change: ChangeRequest, query: str = "") -> str:
    return client.get(f"{change.get_absolute_url()}{query}").content.decode()


def test_only_who_may_see_the_gateway_is_set_apart(
    as_: As, change: ChangeRequest, people: Cast
) -> None:
    make_person("elsewhere", Role.REVIEWER, gateway=make_gateway("other"))
    make_comment(
        change,
        people.omar,
        "@alice. Ask @elsewhere, <b>@nobody</b> or a@riley.\n> @audrey, @alice-",
    )

    page = page_of(as_("riley"), change)

    assert MENTION.findall(page) == [
        ("Alice", "@alice"),
        ("Audrey", "@audrey"),
        ("Alice", "@alice"),
    ]
    assert "Ask @elsewhere, &lt;b&gt;@nobody&lt;/b&gt; or a@riley." in page


def test_a_quote_stands_in_the_box_without_script(
    as_: As, change: ChangeRequest, people: Cast
) -> None:
    make_comment(change, people.omar, "Is it <b>open?\n\nReally?")
    page = page_of(as_("alice"), change)
    (link,) = re.findall(r'href="(\?quote=\d+)#comment"', page)

    quoting = page_of(as_("alice"), change, link)

    box = quoting.partition('<textarea class="input" id="comment"')[2]
    assert "&gt; Is it &lt;b&gt;open?\n&gt;\n&gt; Really?\n\n</textarea>" in box
    # What has no words, or is not there, is not quoted.
    for number in ("0", "1", "99", "x", "²"):
        assert "&gt; Is it" not in page_of(as_("alice"), change, f"?quote={number}")
    assert "quote=" not in page_of(as_("audrey"), change)


def test_a_long_one_is_read_in_parts(as_: As, gateway: Gateway, people: Cast) -> None:
    change = make_change(gateway=gateway, author=people.alice)
    for number in range(AT_A_TIME + 20):
        make_comment(change, people.omar, f"Words {number}.")
    client = as_("riley")

    latest = page_of(client, change)
    # One entry more says who asked for it.
    earlier = page_of(client, change, "?until=21")

    assert "Words 20." in latest
    assert "Words 19." not in latest
    assert '<a href="?until=21#talk">' in latest
    assert "Words 0." in earlier
    assert f"Words {AT_A_TIME - 2}." in earlier
    assert f"Words {AT_A_TIME - 1}." not in earlier
    # What is new does not take the part away that somebody reads.
    assert f"&amp;until={AT_A_TIME}" in earlier
