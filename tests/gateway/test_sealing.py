"""Secrets are encrypted at rest, bound to their address, and survive key rotation."""

import pytest
from cryptography.fernet import Fernet
from django.test import override_settings

from gateway import sealing
from gateway.models import Gateway, KeyNotHere
from gateway.rotation import rotate
from gateway.sealing import Unsealable
from tests.factories import make_gateway, make_resource

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def test_a_sealed_value_opens_to_itself_and_does_not_show() -> None:
    value = {"key": "very-secret", "nested": [1, 2.5, None]}

    sealed = sealing.seal(value)

    assert sealing.unseal(sealed) == value
    assert b"very-secret" not in sealed


def test_without_its_key_a_value_does_not_open() -> None:
    with override_settings(FIELD_ENCRYPTION_KEY=OLD):
        sealed = sealing.seal("x")

    with override_settings(FIELD_ENCRYPTION_KEY=NEW), pytest.raises(Unsealable):
        sealing.unseal(sealed)


@pytest.mark.django_db
def test_rotation_makes_the_old_key_needless() -> None:
    with override_settings(FIELD_ENCRYPTION_KEY=OLD):
        gateway = make_gateway(admin_key="the-admin-key")
        resource = make_resource(gateway)

    with override_settings(FIELD_ENCRYPTION_KEY=f"{NEW},{OLD}"):
        assert rotate() >= 2

    with override_settings(FIELD_ENCRYPTION_KEY=NEW):
        assert Gateway.objects.get().admin_key() == "the-admin-key"
        resource.refresh_from_db()
        assert sealing.unseal(resource.sealed) == resource.document


@pytest.mark.django_db
def test_an_admin_key_is_not_kept_for_another_address() -> None:
    gateway = make_gateway(admin_key="the-admin-key")

    gateway.admin_url = "http://elsewhere.example:9180"
    gateway.save()

    assert Gateway.objects.get().sealed_admin_key is None
    with pytest.raises(KeyNotHere):
        Gateway.objects.get().admin_key()


@pytest.mark.django_db
def test_an_address_changed_behind_the_model_does_not_get_the_key() -> None:
    make_gateway(admin_key="the-admin-key")
    Gateway.objects.update(admin_url="http://elsewhere.example:9180")

    with pytest.raises(KeyNotHere):
        Gateway.objects.get().admin_key()
