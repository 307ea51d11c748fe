"""Forms in which people ask: why, and any resource as JSON."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gateway.kinds import KINDS, Kind
from gateway.models import Gateway
from portal.changes.asked import ItemAsked
from portal.changes.offered import KindOffered
from portal.strict_json import NotStrict, read_object
from portal.web.asking.request_form import TimedForm

ACTIONS = [
    ("create", _("Create")),
    ("update", _("Change: merge these fields")),
    ("replace", _("Change: this is the whole document")),
    ("delete", _("Delete")),
]


def parse_document(text: str) -> dict[str, Any]:
    """Return the JSON object in `text`. Raises ValidationError with a place and words."""
    try:
        return read_object(text)
    except NotStrict as error:
        where = f"{error.field}: " if error.field else ""
        raise forms.ValidationError(f"{where}{error}") from error


class WhyForm(TimedForm):
    """What a request says besides its items."""

    field_order = ("gateway", "reason", "title")

    gateway = forms.ModelChoiceField(
        Gateway.objects.none(),
        to_field_name="slug",
        empty_label=None,
        label=_("Gateway"),
    )


class ItemForm(forms.Form):
    """One resource of any kind, its document as JSON.

    `offered` is what the gateway tells of the kind, once `tell` was called.
    """

    offered: KindOffered | None = None

    action = forms.ChoiceField(choices=ACTIONS, label=_("Do"))
    kind = forms.ChoiceField(
        choices=[
            (kind.name, kind.title)
            for kind in sorted(KINDS.values(), key=lambda k: (-k.tier, k.title))
        ],
        initial="route",
        label=_("Kind"),
    )
    id = forms.CharField(
        required=False,
        max_length=600,
        label=_("Id"),
        widget=forms.TextInput(attrs={"class": "input input--code"}),
    )
    document = forms.CharField(
        required=False,
        widget=forms.Textarea(
            attrs={"rows": 14, "spellcheck": "false", "data-editor": ""}
        ),
        help_text=_(
            "A JSON object as the Admin API takes it. A value shown as redacted:… "
            "keeps the secret that is there."
        ),
        label=_("Document"),
    )

    @property
    def kind_chosen(self) -> Kind | None:
        """The kind as it was given or chosen, if there is such a one."""
        return KINDS.get(str(self["kind"].value()))

    def tell(self, offered: KindOffered) -> None:
        """Say beside the fields what this kind takes."""
        self.offered = offered
        self.fields["id"].help_text = offered.id_words

    def clean_document(self) -> dict[str, Any] | None:
        text = self.cleaned_data["document"]
        return parse_document(text) if text.strip() else None

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if "document" in given and "action" in given:
            if given["action"] == "delete":
                given["document"] = None
            elif given["document"] is None:
                self.add_error("document", gettext("Give the document: a JSON object."))
        return given

    def item(self, field: str) -> ItemAsked:
        given = self.cleaned_data
        action = given["action"]
        return ItemAsked(
            action="update" if action == "replace" else action,
            kind=given["kind"],
            id=given["id"],
            document=given["document"],
            replace=action == "replace",
            field=field,
        )

    def field_for(self, path: str) -> str:
        """Return the field that a dotted path of an item comes from."""
        first = path.partition(".")[0]
        return first if first in ("id", "kind", "action") else "document"
