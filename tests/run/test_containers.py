"""The image and the composition, as far as they can be judged without an engine."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
# Shown in APISIX's documentation for years; scanners try them first.
PUBLISHED = {
    "edd1c9f034335f136f87ad84b625c8f1",
    "4054f7cf07e344346cd3f287985e76a2",
    "qeddd145sfvddff3",
    "edd1c9f0985e76a2",
}
SECRETS = {
    "SECRET_KEY": "the-secret-key-of-this-test",
    "FIELD_ENCRYPTION_KEY": "the-encryption-key-of-this-test",
    "POSTGRES_PASSWORD": "thepasswordofthistest",
    "APISIX_ADMIN_KEY": "the-admin-key-of-this-test",
    "APISIX_KEYRING": "k123456789abcdef",
}
OURS = {"migrate", "web", "worker", "scheduler", "upstream"}


def composition() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return found


def configure(
    tmp_path: Path, values: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Let docker-compose check and resolve the file with these variables only."""
    program = shutil.which("docker-compose")
    if program is None:
        pytest.skip("no docker-compose on the PATH")
    env_file = tmp_path / "docker.env"
    env_file.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    return subprocess.run(
        [
            program,
            "--env-file",
            env_file,
            "--file",
            ROOT / "docker-compose.yml",
            "config",
        ],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
    )


@pytest.mark.compose
class TestComposition:
    def test_compose_accepts_it_and_gives_each_its_secrets(
        self, tmp_path: Path
    ) -> None:
        done = configure(tmp_path, SECRETS)
        assert done.returncode == 0, done.stderr
        services = yaml.safe_load(done.stdout)["services"]
        needed = {"postgres", "redis", "etcd", "apisix", "web", "worker", "scheduler"}
        assert services.keys() >= needed | {"upstream", "migrate"}
        assert (
            services["apisix"]["environment"]["APISIX_ADMIN_KEY"]
            == services["migrate"]["environment"]["APISIX_ADMIN_KEY"]
            == SECRETS["APISIX_ADMIN_KEY"]
        )
        for name in ("migrate", "web", "worker", "scheduler"):
            told = services[name]["environment"]
            assert told["SECRET_KEY"] == SECRETS["SECRET_KEY"]
            assert SECRETS["POSTGRES_PASSWORD"] in told["DATABASE_URL"]
        # The demo upstream, which answers strangers, knows none of them.
        assert not set(SECRETS.values()) & set(
            services["upstream"].get("environment", {}).values()
        )

    @pytest.mark.parametrize("name", SECRETS)
    @pytest.mark.parametrize("how", ["unset", "empty"])
    def test_nothing_starts_without_a_secret(
        self, tmp_path: Path, name: str, how: str
    ) -> None:
        values = {key: value for key, value in SECRETS.items() if key != name}
        if how == "empty":
            values[name] = ""
        done = configure(tmp_path, values)
        assert done.returncode != 0
        assert f"set {name}, see docker/example.env" in done.stderr

    def test_the_example_names_every_secret_and_gives_none(
        self, tmp_path: Path
    ) -> None:
        text = (ROOT / "docker" / "example.env").read_text()
        assert set(re.findall(r"^([A-Z_]+)=$", text, re.MULTILINE)) == set(SECRETS)
        assert not re.findall(r"^[A-Z_]+=.+$", text, re.MULTILINE)


def test_ports_are_this_machines_alone_and_the_admin_api_has_none() -> None:
    published = {
        name: service["ports"]
        for name, service in composition()["services"].items()
        if "ports" in service
    }
    assert published.keys() == {"web", "apisix"}
    for ports in published.values():
        assert all(
            re.match(r"\$\{[A-Z]+_BIND:-127\.0\.0\.1\}:", port) for port in ports
        )
    assert not [port for port in published["apisix"] if port.endswith(":9180")]


def test_nobody_but_apisix_reaches_its_etcd() -> None:
    services = composition()["services"]
    beside = {
        name
        for name, service in services.items()
        if set(service["networks"]) & set(services["etcd"]["networks"])
    }
    assert beside == {"apisix", "etcd"}
    assert not set(services["upstream"]["networks"]) & set(services["web"]["networks"])


def test_every_service_is_watched_and_pinned() -> None:
    for name, service in composition()["services"].items():
        assert "healthcheck" in service or name == "web", name  # web: the image's own
        image = service["image"]
        assert image == "gatehouse" or re.search(r":v?\d+\.\d+|:\d+-", image), image


def test_migrations_run_once_before_anybody_serves() -> None:
    services = composition()["services"]
    for name in ("web", "worker", "scheduler"):
        waits = services[name]["depends_on"]["migrate"]
        assert waits == {"condition": "service_completed_successfully"}
        assert "migrate" not in str(services[name].get("command"))


def test_ours_have_no_privileges() -> None:
    services = composition()["services"]
    for name in OURS:
        assert services[name]["cap_drop"] == ["ALL"]
        assert services[name]["read_only"] is True
        assert services[name]["security_opt"] == ["no-new-privileges:true"]
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    users = [line for line in lines if line.startswith("USER ")]
    assert users == ["USER gatehouse"]
    last_stage = max(n for n, line in enumerate(lines) if line.startswith("FROM "))
    assert lines.index("USER gatehouse") > last_stage


def test_apisix_has_its_keys_from_the_environment() -> None:
    text = (ROOT / "docker" / "apisix.yaml").read_text()
    configuration = yaml.safe_load(text)
    admin = configuration["deployment"]["admin"]
    assert [key["key"] for key in admin["admin_key"]] == ["${{APISIX_ADMIN_KEY}}"]
    assert admin["admin_key_required"] is True
    assert "0.0.0.0/0" not in admin["allow_admin"]
    assert configuration["apisix"]["data_encryption"]["keyring"] == [
        "${{APISIX_KEYRING}}"
    ]


def test_no_published_key_is_offered_anywhere() -> None:
    files = [ROOT / "docker-compose.yml", *(ROOT / "docker").iterdir()]
    for file in files:
        assert not [key for key in PUBLISHED if key in file.read_text()]


def test_the_image_holds_what_the_web_server_needs(tmp_path: Path) -> None:
    """Lay out what the Dockerfile copies, gather static files, start the application."""
    dockerfile = (ROOT / "Dockerfile").read_text()
    copied = re.findall(r"^COPY ([a-z.]+) \./([a-z]*)$", dockerfile, re.MULTILINE)
    assert len(copied) == 5
    for source, target in copied:
        path = ROOT / source
        if path.is_dir():
            shutil.copytree(path, tmp_path / target)
        else:
            shutil.copy(path, tmp_path)
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert {f"!{source}" for source, _ in copied} | {"!requirements.txt"} <= set(
        ignored
    )

    script = (
        "from django.conf import settings\n"
        # The same strictness; compressing takes half a minute and proves nothing.
        "settings.STORAGES['staticfiles'] = {'BACKEND':"
        " 'django.contrib.staticfiles.storage.ManifestStaticFilesStorage'}\n"
        "from django.core.management import call_command\n"
        "import django; django.setup()\n"
        "call_command('collectstatic', interactive=False, verbosity=0)\n"
        "from portal.wsgi import application\n"
        "from django.contrib.staticfiles.storage import staticfiles_storage\n"
        "print(staticfiles_storage.url('admin/css/base.css'))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "GATEHOUSE_ENV_FILE": "",
            "SECRET_KEY": "s" * 60,
            "FIELD_ENCRYPTION_KEY": "b25seS10by1nYXRoZXItc3RhdGljLWZpbGVzLW9ubHk=",
            "DATABASE_URL": "sqlite://:memory:",
        },
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"/static/admin/css/base\.[0-9a-f]{12}\.css", done.stdout)
