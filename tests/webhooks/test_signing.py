"""Signatures, by the standard's own example."""

import base64

from portal.webhooks.signing import new_secret, shown_secret, signature


def test_the_standard_s_example() -> None:
    """From the specification's reference implementations."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")

    signed = signature(
        secret,
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )

    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_secret_is_shown_as_libraries_take_it() -> None:
    secret = new_secret()

    shown = shown_secret(secret)

    assert shown.startswith("whsec_")
    assert base64.b64decode(shown.removeprefix("whsec_")) == secret
    assert 24 <= len(secret) <= 64
    assert new_secret() != secret
