"""What helps people find changes again: the words each is found by, and lists they keep."""

from typing import ClassVar

from django.db import models

from portal.accounts.models import Person
from portal.changes.models.change import ChangeRequest


class ChangeWord(models.Model):
    """A word that a change is found by, from its beginning on: see `search.py`.

    Bytes, because every database orders those alike: what begins with a word is one
    range of the index, whatever a database makes of letters.
    """

    word = models.BinaryField(max_length=100)
    change = models.ForeignKey(
        ChangeRequest, on_delete=models.CASCADE, related_name="words", db_index=False
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["word", "change"], name="change_word_once")
        ]

    def __str__(self) -> str:
        return bytes(self.word).decode(errors="replace")


class SavedFilter(models.Model):
    """A list of changes that somebody keeps under a name; `query` is its address's."""

    person = models.ForeignKey(
        Person, on_delete=models.CASCADE, related_name="saved_filters"
    )
    name = models.CharField(max_length=40)
    query = models.CharField(max_length=1_000)

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person", "name"], name="saved_filter_name_once"
            )
        ]

    def __str__(self) -> str:
        return self.name
