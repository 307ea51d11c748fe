"""The plugin's package: complete, true to the tools, and the same each time."""

import io
import re
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from django.core.management import CommandError, call_command
from pytest_django import Settings

from gateway.recipes import RECIPES
from portal.mcp.package import package
from portal.mcp.tools import tools

PUBLIC_URL = "https://gatehouse.example.com"
SKILLS = {
    "publish-an-api",
    "protect-a-route",
    "cache-answers",
    "version-an-api",
    "balance-load",
    "transform-requests",
    "observe-an-api",
}
# Words of snake_case in skills that are fields or codes, not tools.
OTHER_WORDS = {
    "auth_missing",
    "cache_http_status",
    "cache_key",
    "cache_method",
    "hash_on",
    "http_path",
    "least_conn",
}


@pytest.fixture
def files() -> dict[str, bytes]:
    return package(PUBLIC_URL)


def skills(files: dict[str, bytes]) -> dict[str, str]:
    return {
        name.split("/")[1]: content.decode()
        for name, content in files.items()
        if name.endswith("/SKILL.md")
    }


def test_it_leads_to_this_desk_s_mcp_server(files: dict[str, bytes]) -> None:
    assert orjson.loads(files[".mcp.json"]) == {
        "mcpServers": {"gatehouse": {"type": "http", "url": f"{PUBLIC_URL}/mcp"}}
    }


def test_both_manifests_say_the_same_and_keep_their_limits(
    files: dict[str, bytes],
) -> None:
    portable = orjson.loads(files["plugin.json"])
    codex = orjson.loads(files[".codex-plugin/plugin.json"])
    interface: dict[str, Any] = codex.pop("interface")

    assert portable.pop("extensions") == {"com.openai": interface}
    assert portable == codex
    assert re.fullmatch(r"[a-z][a-z0-9-]*", codex["name"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", codex["version"])
    assert len(interface["displayName"]) <= 30
    assert len(interface["shortDescription"]) <= 30
    assert len(interface["defaultPrompt"]) <= 3
    assert all(len(prompt) <= 128 for prompt in interface["defaultPrompt"])
    assert interface["privacyPolicyURL"] == f"{PUBLIC_URL}/legal"


def test_every_path_a_manifest_names_is_there(files: dict[str, bytes]) -> None:
    manifest = orjson.loads(files[".codex-plugin/plugin.json"])
    named = [
        manifest["mcpServers"],
        *map(manifest["interface"].get, ("logo", "composerIcon")),
    ]

    for path in named:
        assert path.startswith("./")
        assert path.removeprefix("./") in files
    assert manifest["skills"] == "./skills/"
    assert files["assets/logo.png"].startswith(b"\x89PNG")


def test_each_skill_says_when_to_use_it_and_who_decides(
    files: dict[str, bytes],
) -> None:
    found = skills(files)

    assert set(found) == SKILLS
    for name, text in found.items():
        _, front, body = text.split("---\n", 2)
        matter = yaml.safe_load(front)
        assert set(matter) == {"name", "description"}
        assert matter["name"] == name
        assert 40 < len(matter["description"]) <= 1_024
        assert " ".join(body.split()).endswith("a person approves it.")
        assert len(body) < 5_000


def test_skills_name_only_tools_there_are(files: dict[str, bytes]) -> None:
    used = set()
    for name, text in skills(files).items():
        words = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", text)) - OTHER_WORDS
        assert words, name
        assert words <= set(tools()), words - set(tools())
        used |= words
    assert {"create_route", "propose_change", "preview_change", "get_change"} <= used


def test_skills_name_only_recipes_there_are(files: dict[str, bytes]) -> None:
    for name, text in skills(files).items():
        if step := re.search(r"`apply_recipe` with (.*?), first with", text, re.DOTALL):
            named = set(re.findall(r"`([a-z-]+)`", step[1]))
            assert named, name
            assert named <= set(RECIPES), named - set(RECIPES)


def test_it_is_the_same_each_time_and_small(
    tmp_path: Path, settings: Settings, files: dict[str, bytes]
) -> None:
    settings.PUBLIC_URL = PUBLIC_URL
    printed = io.StringIO()

    for _ in range(2):
        call_command("plugin_package", out=tmp_path / "made", stdout=printed)

    made = {
        str(path.relative_to(tmp_path / "made")): path.read_bytes()
        for path in (tmp_path / "made").rglob("*")
        if path.is_file()
    }
    assert made == files
    assert len(printed.getvalue().split()) == 2 * len(files)
    assert sum(map(len, made.values())) < 1_000_000


def test_a_folder_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")

    with pytest.raises(CommandError, match="cannot be written"):
        call_command("plugin_package", out=tmp_path / "taken")
