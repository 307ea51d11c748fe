"""Re-encrypt every sealed value under the first key of FIELD_ENCRYPTION_KEY."""

from collections.abc import Iterator

from django.apps import apps
from django.db import models

from gateway.sealing import reseal


def sealed_columns() -> Iterator[tuple[type[models.Model], str]]:
    """Yield every model and column that holds sealed values: each says so in its name."""
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, models.BinaryField) and "sealed" in field.name:
                yield model, field.name


def rotate() -> int:
    """Re-encrypt everything, row by row; return how many values. Safe to run again.

    A row written meanwhile by another process is written under the first key already,
    so each UPDATE names the value that was read. Raises Unsealable.
    """
    done = 0
    for model, name in sealed_columns():
        rows = model._default_manager.exclude(**{name: None}).values_list("pk", name)
        for pk, sealed in rows.iterator(chunk_size=500):
            done += model._default_manager.filter(
                pk=pk, **{name: bytes(sealed)}
            ).update(**{name: reseal(sealed)})
    return done
