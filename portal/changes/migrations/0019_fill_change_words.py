import re

from django.db import migrations

BEGINNING = re.compile(r"/?[^\W_]+")
EDGES = "\"'“”‘’()[]{},;:.!?…"
NAMING = ("name", "uri", "uris", "host", "hosts", "sni", "snis")


def words_of(texts):
    for text in texts:
        for whole in text.casefold().split():
            word = whole.strip(EDGES)
            places = [found.start() for found in BEGINNING.finditer(word)]
            starts = {0, *places, *(p + 1 for p in places if word[p] == "/")}
            for start in sorted(starts)[:24]:
                if part := word[start : start + 64]:
                    yield part.encode()


def names(document):
    if not isinstance(document, dict):
        return
    for field in NAMING:
        value = document.get(field)
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str):
                yield one


def fill(apps, schema_editor):
    """File the changes that are there under their words, as new ones are."""
    word_rows = apps.get_model("changes", "ChangeWord")
    items = apps.get_model("changes", "Item").objects
    changes = apps.get_model("changes", "ChangeRequest").objects
    for change in changes.select_related("author").order_by("pk").iterator():
        texts = [change.title, change.summary, change.author.username]
        rows = items.filter(revision__change=change).values_list(
            "resource_id", "base", "wanted"
        )
        for resource_id, base, wanted in rows.iterator(chunk_size=500):
            texts += [resource_id, *names(base), *names(wanted)]
        word_rows.objects.bulk_create(
            (
                word_rows(word=word, change_id=change.pk)
                for word in sorted(set(words_of(texts)))
            ),
            batch_size=1_000,
            ignore_conflicts=True,
        )


class Migration(migrations.Migration):
    dependencies = [("changes", "0018_finding_again")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
