"""Secrets that stand in a document although a reference to them would do."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_noop

from gateway.live import Live
from gateway.redaction import dotted
from gateway.schemas import Schemas
from gateway.secret_fields import secret_paths
from portal.changes.checks.holdings import After
from portal.changes.checks.parts import appeared, named, written
from portal.changes.checks.subject import Code, Subject
from portal.changes.findings import Finding, Severity
from portal.changes.plan import Plan

Document = dict[str, Any]

PLAIN_SECRET = Code(
    "plain_secret",
    Severity.WARNING,
    gettext_noop(
        "A secret stands in the document where a reference ($secret:// or $env://) would do; "
        "good to know only where the gateway has no secret manager."
    ),
)


def plain_secret(plan: Plan, live: Live, schemas: Schemas) -> Iterator[Finding]:
    """Name the fields of plugins with new secrets, never what they hold. One list.

    Elsewhere a reference would not do: a condition compares the text itself, and 3.18
    refuses one as a certificate's key
    (https://apisix.apache.org/docs/apisix/terminology/secret/).
    """

    def look(kind: str, document: Document) -> Iterator[tuple[str, str]]:
        # The value is the key: a secret that only moves was there before.
        for path, value in secret_paths(
            kind, document, encrypt_fields=schemas.encrypt_fields
        ):
            if path[0] == "plugins":
                yield value, dotted(path)

    for index, item, _ in written(plan):
        paths = sorted(appeared(item, look).values())
        if not paths:
            continue
        managers = sorted(After(plan, live).documents("secret"))
        where = f"$secret://{managers[0]}/KEY" if managers else "$env://NAME"
        yield PLAIN_SECRET.finding(
            index,
            f"The secret in {named(paths)} is stored on the gateway as it is.",
            f"Keep it {'in the secret manager' if managers else 'outside'} and write "
            f"{where} in its place.",
            path=paths[0],
            severity=Severity.WARNING if managers else Severity.INFO,
        )


SUBJECT = Subject(
    title=gettext_noop("Plain secrets"),
    matters=gettext_noop(
        "Whoever may read the configuration, its backups and logs reads a secret that stands in it in clear."
    ),
    checks=(plain_secret,),
    codes=(PLAIN_SECRET,),
)
