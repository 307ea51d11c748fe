"""The plugin's package: skills and the way to this desk's MCP server.

Made from settings, the same each time. Read by ChatGPT and Codex, whose manifest is
`.codex-plugin/plugin.json`, and by other clients, which read `plugin.json`.
https://developers.openai.com/plugins/build/plugins
"""

from pathlib import Path
from typing import Any

import orjson
from django.conf import settings

NAME, VERSION = "gatehouse", "1.0.0"
TITLE = "Gatehouse"
SUBTITLE = "Change desk for API gateways"
DESCRIPTION = "Read the routes of your Apache APISIX gateways and ask for changes that a person reviews."
LONG = (
    "Gatehouse is the change desk for Apache APISIX. Look at routes, try changes out, and file "
    "them: a person reviews and approves each in the portal, then it is delivered and verified. "
    "Nothing in a chat can approve or deliver."
)
BEGINNINGS = (
    "Which routes does our gateway have?",
    "Publish http://10.0.0.5:8000 under /speaker/*.",
    "Sum up the changes that wait for review.",
)
SKILLS = Path(__file__).parent / "skills"
LOGO = settings.BASE_DIR / "static" / "logo.png"
ICON = "./assets/logo.png"


def package(public_url: str) -> dict[str, bytes]:
    """Return the package's files by their paths in it."""
    manifest = _manifest(public_url)
    interface = _interface(public_url)
    files = {
        "plugin.json": _json(manifest | {"extensions": {"com.openai": interface}}),
        ".codex-plugin/plugin.json": _json(manifest | {"interface": interface}),
        ".mcp.json": _json(
            {"mcpServers": {NAME: {"type": "http", "url": f"{public_url}/mcp"}}}
        ),
        ICON.removeprefix("./"): LOGO.read_bytes(),
    }
    for skill in sorted(SKILLS.glob("*.md")):
        files[f"skills/{skill.stem}/SKILL.md"] = skill.read_bytes()
    return files


def write(folder: Path, public_url: str) -> list[Path]:
    """Write the package into a folder; return what was written."""
    written = []
    for name, content in package(public_url).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        written.append(path)
    return written


def _manifest(public_url: str) -> dict[str, Any]:
    return {
        "name": NAME,
        "version": VERSION,
        "description": DESCRIPTION,
        "author": {"name": TITLE, "email": settings.CONTACT_EMAIL, "url": public_url},
        "homepage": public_url,
        "license": "Apache-2.0",
        "keywords": ["api-gateway", "apisix", "change-management"],
        "skills": "./skills/",
        "mcpServers": "./.mcp.json",
    }


def _interface(public_url: str) -> dict[str, Any]:
    return {
        "displayName": TITLE,
        "shortDescription": SUBTITLE,
        "longDescription": LONG,
        "developerName": TITLE,
        "category": "Developer Tools",
        "capabilities": ["Read", "Write"],
        "websiteURL": public_url,
        "privacyPolicyURL": f"{public_url}/legal",
        "termsOfServiceURL": f"{public_url}/legal",
        "defaultPrompt": list(BEGINNINGS),
        "composerIcon": ICON,
        "logo": ICON,
    }


def _json(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
