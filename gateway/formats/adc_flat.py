"""Say in ADC's words what hangs on no service: certificates and consumers. Pure."""

from collections.abc import Iterable
from typing import Any

from gateway.formats.adc_fields import CREDENTIALS, FIELDS, sayable, with_lists
from gateway.formats.contents import Document, Losses

Resources = Iterable[tuple[str, Document]]


def fields(kind: str, resource_id: str, document: Document, losses: Losses) -> Document:
    """Return what ADC calls the fields; those it has none for are lost."""
    for name in sorted(document.keys() - sayable(kind)):
        losses.add(f"ADC has no field {name}", kind, resource_id)
    document = with_lists(kind, document)
    return {
        theirs: document[ours]
        for theirs, ours in FIELDS[kind].items()
        if ours in document
    }


def named(kind: str, resource_id: str, document: Document, losses: Losses) -> Document:
    """Return the fields with the id, and a name: without one ADC takes the id."""
    own = resource_id.rpartition("/")[2]
    return {"id": own, "name": own} | fields(kind, resource_id, document, losses)


def ssls(resources: Resources, losses: Losses) -> list[Document]:
    """Return the certificates that ADC would keep as they are."""
    return [told for one in resources if (told := _ssl(*one, losses))]


def _ssl(resource_id: str, document: Document, losses: Losses) -> Document | None:
    if document.get("status") == 0:
        losses.add("Left out: ADC would switch it on", "ssl", resource_id)
        return None
    document = {name: value for name, value in document.items() if name != "status"}
    told = fields("ssl", resource_id, document, losses)
    if not told.get("snis") or "cert" not in document:
        losses.add("Left out: ADC needs snis and a certificate", "ssl", resource_id)
        return None
    if "key" not in document:
        losses.add(
            "ADC needs the private key, which gateways never show; add it as key",
            "ssl",
            resource_id,
        )
    certs = [document.get("cert"), *_several(document.get("certs"))]
    keys = [document.get("key"), *_several(document.get("keys"))]
    keys += [None] * (len(certs) - len(keys))
    told["certificates"] = [
        {"certificate": cert} | ({} if key is None else {"key": key})
        for cert, key in zip(certs, keys, strict=False)
    ]
    return {"id": resource_id} | told


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def consumers(
    resources: Resources, credentials: Resources, losses: Losses
) -> list[Document]:
    """Return the consumers, each with its credentials."""
    held: dict[str, list[Document]] = {}
    for resource_id, document in credentials:
        if told := _credential(resource_id, document, losses):
            held.setdefault(resource_id.partition("/")[0], []).append(told)
    return [
        fields("consumer", username, document, losses)
        | ({"credentials": held[username]} if username in held else {})
        for username, document in resources
    ]


def _credential(
    resource_id: str, document: Document, losses: Losses
) -> Document | None:
    plugins = document.get("plugins")
    name, config = (
        next(iter(plugins.items()))
        if isinstance(plugins, dict) and len(plugins) == 1
        else ("", None)
    )
    if name not in CREDENTIALS:
        losses.add(
            f"Left out: ADC has credentials of {', '.join(CREDENTIALS)} only",
            "credential",
            resource_id,
        )
        return None
    told = named("credential", resource_id, document, losses)
    return told | {"type": name, "config": config}


def global_rules(resources: Resources, losses: Losses) -> Document:
    """Return the plugins of all rules: ADC makes a rule of each."""
    plugins: Document = {}
    for resource_id, document in resources:
        for name in sorted(document.keys() - sayable("global_rule")):
            losses.add(f"ADC has no field {name}", "global_rule", resource_id)
        own = document.get("plugins")
        if isinstance(own, dict):
            plugins |= own
    return plugins
