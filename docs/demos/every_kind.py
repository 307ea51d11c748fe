"""All 13 kinds: created, read, edited and removed; what an edit does not name stays."""

from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from desk import Person, Program, expect, say, some

# A key that no schema knows: another tool's, or that of a later gateway.
NOTE = {"zulu": [3, 1, 2], "alpha": {"b": "", "a": []}}
LIMIT = {"limit-count": {"count": 100, "time_window": 60, "x-note": NOTE}}


def certificate(host: str) -> dict[str, Any]:
    """Return a certificate for a host, signed by itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=90))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    told = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {
        "snis": [host],
        "cert": signed.public_bytes(pem).decode(),
        "key": told.decode(),
    }


def documents(name: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Return {(kind, id): document}, one of each kind; many refer to another."""
    nodes = {"nodes": {"10.0.0.1:8080": 1}}
    return {
        ("route", name): {
            "uri": f"/{name}",
            "service_id": name,
            "plugin_config_id": name,
            "plugins": {"request-id": {"x-note": NOTE}},
        },
        ("stream_route", name): {"server_port": 9100, "upstream_id": name},
        ("service", name): {"upstream_id": name, "plugins": LIMIT},
        ("upstream", name): nodes | {"name": name},
        ("consumer", name): {"username": name, "group_id": name},
        ("credential", f"{name}/credentials/one"): {
            "plugins": {"key-auth": {"key": f"$secret://vault/{name}/jack/key"}}
        },
        ("consumer_group", name): {"plugins": LIMIT},
        ("plugin_config", name): {"plugins": LIMIT},
        ("global_rule", name): {"plugins": {"request-id": {"x-note": NOTE}}},
        ("plugin_metadata", "http-logger"): {"log_format": {"host": "$host"}},
        ("ssl", name): certificate(f"{name}.example.com"),
        ("secret", f"vault/{name}"): {
            "uri": "https://vault.example.com:8200",
            "prefix": "kv/apisix",
            "token": "$ENV://VAULT_TOKEN",
        },
        ("proto", name): {"content": 'syntax = "proto3";\npackage hello;\n'},
    }


# What is edited where a kind has no words of its own.
EDITS: dict[str, dict[str, Any]] = {
    "plugin_metadata": {"log_format": {"client": "$remote_addr"}},
    "global_rule": {"plugins": {"request-id": {"header_name": "X-Trace"}}},
    "secret": {"prefix": "kv/other"},
}


def main() -> None:
    program, riley = Program(), Person("riley")
    made = documents(some("kind"))

    def done(title: str, action: str, edits: dict[str, dict[str, Any]] | None) -> None:
        """Ask for the same of all kinds in one change, and have it approved."""
        items = []
        for (kind, own_id), document in made.items():
            item = {"action": action, "kind": kind, "id": own_id}
            wanted = edits.get(kind, {"desc": "Edited."}) if edits else document
            if kind == "ssl" and edits:
                # The gateway never shows a private key: who edits brings it again.
                wanted = wanted | {"key": document["key"]}
            items.append(item if action == "delete" else item | {"document": wanted})
        number = program.propose(title, *items)
        riley.approve(number)
        program.wait_for(number, "applied")

    def read(kind: str, own_id: str) -> dict[str, Any]:
        answer = program.ask("GET", f"/api/resources/{kind}/{own_id}")
        expect(answer.ok, f"{kind} {own_id} is read")
        document: dict[str, Any] = answer.json()["document"]
        return document

    say("One change asks for one of each kind; it goes out in order of references.")
    done("One of each kind", "create", None)
    before = {(kind, own_id): read(kind, own_id) for kind, own_id in made}

    say("One edits each: only what an edit names is another afterwards.")
    done("An edit of each", "update", EDITS)
    for (kind, own_id), was in before.items():
        edit, now = EDITS.get(kind, {"desc": "Edited."}), read(kind, own_id)
        # A private key is never shown, by no gateway.
        kept = made[kind, own_id].keys() - edit.keys() - {"key"}
        expect(all(now[key] == was[key] for key in kept), f"{kind}: the rest stays")
        plugins = now.get("plugins", {})
        for plugin in plugins.values() if kind not in ("credential", "ssl") else ():
            note = plugin["x-note"]
            expect(list(note.items()) == list(NOTE.items()), f"and so does {note}")

    say("One removes them all, in the reverse order.")
    done("Remove them all", "delete", None)
    for kind, own_id in made:
        answer = program.ask("GET", f"/api/resources/{kind}/{own_id}")
        expect(answer.status_code == 404, f"{kind} {own_id} is gone")


if __name__ == "__main__":
    main()
