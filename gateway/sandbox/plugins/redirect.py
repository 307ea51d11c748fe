"""redirect: https://apisix.apache.org/docs/apisix/plugins/redirect/"""

from urllib.parse import quote

from gateway.rewriting import substitute
from gateway.sandbox.exchange import Exchange, Exit, header_text
from gateway.sandbox.plugins.base import Plugin, Use


class Redirect(Plugin):
    """Send the client elsewhere."""

    name = "redirect"
    priority = 900

    async def rewrite(self, use: Use, exchange: Exchange) -> Exit | None:
        """Answer with a Location, unless nothing of this applies."""
        conf = use.conf
        status = conf.get("ret_code", 302)
        template = conf.get("uri")
        scheme = exchange.headers.get("x-forwarded-proto") or exchange.request.scheme
        if conf.get("http_to_https") and scheme == "http":
            template = "https://$host$request_uri"
            # 308 keeps the method, which 301 would let the client change.
            status = 301 if exchange.method in ("GET", "HEAD") else 308
        location = exchange.resolve(template) if template else None
        if conf.get("regex_uri"):
            pattern, replacement = conf["regex_uri"][:2]
            location, count = substitute(pattern, replacement, exchange.request.path)
            if count < 1:
                return None
        if location is None:
            return None
        if conf.get("encode_uri"):
            path, mark, query = location.partition("?")
            encoded = quote(path, safe="/:@!$&'()*+,;=-._~", errors="surrogateescape")
            location = encoded + mark + query
        if conf.get("append_query_string") and exchange.query:
            location += ("&" if "?" in location else "?") + exchange.query
        exchange.answer_headers["location"] = header_text(location)
        return Exit(status)
