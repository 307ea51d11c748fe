"""Print the plugin's OpenAPI document as it is published, for people and for diffs."""

from typing import Any

import orjson
from django.conf import settings
from django.core.management.base import BaseCommand

from portal.api.documents import plugin_document


class Command(BaseCommand):
    help = "Print the plugin's OpenAPI document (indented JSON)."

    def handle(self, *args: Any, **options: Any) -> None:
        document = plugin_document(settings.PUBLIC_URL)
        text = orjson.dumps(document, option=orjson.OPT_INDENT_2)
        self.stdout.write(text.decode())
