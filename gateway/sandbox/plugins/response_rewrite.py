"""response-rewrite: https://apisix.apache.org/docs/apisix/plugins/response-rewrite/"""

import base64
import binascii
import zlib

import regex

from gateway.rewriting import substitute
from gateway.router.vars import compile_vars
from gateway.sandbox.exchange import Exchange, Reply
from gateway.sandbox.plugins.base import Plugin, Use
from gateway.sandbox.plugins.proxy_rewrite import operations

_MATCHED = "response-rewrite.matched"
_ENCODING = "response-rewrite.encoding"
_FLAGS = {"i": regex.IGNORECASE, "m": regex.MULTILINE, "s": regex.DOTALL}
_DEFAULT_LIMIT = 67_108_864


class ResponseRewrite(Plugin):
    """Change status, headers or body of the answer."""

    name = "response-rewrite"
    priority = 899

    async def header_filter(self, use: Use, exchange: Exchange, reply: Reply) -> None:
        """Change status and headers, when the conditions hold."""
        conf = use.conf
        matched = compile_vars(conf.get("vars"))(exchange.variable)
        exchange.notes[_MATCHED] = matched
        if not matched:
            return
        if conf.get("status_code"):
            reply.status = int(conf["status_code"])
        if conf.get("filters") or "body" in conf:
            exchange.notes[_ENCODING] = reply.headers.get("content-encoding", "")
            for name in ("content-length", "content-encoding", "last-modified", "etag"):
                del reply.headers[name]
        adding, setting, removing = operations(conf.get("headers") or {})
        for name, value in adding:
            reply.headers.append(name, exchange.header_value(value))
        for name, value in setting:
            reply.headers[name] = exchange.header_value(value)
        for name in removing:
            del reply.headers[name]

    async def body_filter(self, use: Use, exchange: Exchange, reply: Reply) -> None:
        """Put another body in its place, or filter the one there is."""
        conf = use.conf
        if not exchange.notes.get(_MATCHED):
            return
        if conf.get("filters"):
            await _filter(use, exchange, reply)
        elif "body" in conf:
            # Read to the end all the same, as a cache in front of this may keep it.
            await reply.read(_DEFAULT_LIMIT)
            reply.body = _new_body(conf["body"], bool(conf.get("body_base64")))


def _new_body(text: str, is_base64: bool) -> bytes:
    if not is_base64:
        return text.encode()
    try:
        return base64.b64decode(text)
    except binascii.Error:
        return text.encode()


async def _filter(use: Use, exchange: Exchange, reply: Reply) -> None:
    whole = await reply.read(use.conf.get("max_resp_body_size", _DEFAULT_LIMIT))
    plain = _decoded(whole, exchange.notes[_ENCODING])
    if plain is None:
        # What cannot be decoded goes out as it came, and must say how it is encoded.
        reply.headers["content-encoding"] = exchange.notes[_ENCODING]
        return
    text = plain.decode(errors="surrogateescape")
    for one in use.conf["filters"]:
        flags = 0
        for letter in one.get("options", "jo"):
            flags |= _FLAGS.get(letter, 0)
        text, _ = substitute(
            one["regex"],
            one["replace"],
            text,
            flags=flags,
            everywhere=one.get("scope", "once") == "global",
        )
    reply.body = text.encode(errors="surrogateescape")


def _decoded(body: bytes, encoding: str) -> bytes | None:
    if encoding in ("", "identity"):
        return body
    if encoding != "gzip":
        return None
    try:
        return zlib.decompress(body, wbits=31)
    except zlib.error:
        return None
