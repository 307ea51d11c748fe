"""Where a gateway is, and what it was last seen to hold."""

from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from gateway import sealing
from gateway.addresses import endpoint
from gateway.facets import LENGTH_LIMIT
from gateway.kinds import KINDS
from gateway.router.match import Mode
from gateway.trust import NoCertificates, trusting
from gateway.variables import trouble_with

# Each is asked after each delivery.
CONTROL_URLS_AT_MOST = 50


class KeyNotHere(Exception):
    """The gateway has no admin key, or it was given for another address."""


class FingerprintKey(models.Model):
    """The one key that secrets are fingerprinted with (see fingerprint.py)."""

    sealed = models.BinaryField()

    def __str__(self) -> str:
        return "fingerprint key"


def origin(url: str) -> str:
    """Return scheme, host and port of a URL: what an admin key is bound to."""
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    return f"{parts.scheme}://{(parts.hostname or '').lower()}:{port}"


def http_url(value: str) -> None:
    """Refuse what is not an http(s) address with a host and no password in it.

    Django's own validator refuses names without a dot, which is what hosts in a
    container network have.
    """
    try:
        parts = urlsplit(value)
        is_fine = (
            parts.scheme in {"http", "https"}
            and bool(parts.hostname)
            and parts.port != 0
            and "@" not in parts.netloc
            and not any(char.isspace() or not char.isprintable() for char in value)
        )
    except ValueError:
        is_fine = False
    if not is_fine:
        raise ValidationError(
            "Enter an address such as https://apisix.example.com:9180."
        )


def _check_control_urls(urls: Any) -> None:
    """Raise ValidationError for what is no list of addresses, each once."""
    if not isinstance(urls, list) or not all(isinstance(url, str) for url in urls):
        raise ValidationError({"control_urls": "Give a list of addresses."})
    if len(urls) > CONTROL_URLS_AT_MOST or len(set(urls)) < len(urls):
        raise ValidationError(
            {"control_urls": f"Give at most {CONTROL_URLS_AT_MOST}, each once."}
        )
    for url in urls:
        try:
            http_url(url)
        except ValidationError as error:
            raise ValidationError(
                {"control_urls": f"{url[:100]!r}: {error.message}"}
            ) from error


class GatewayQuerySet(models.QuerySet["Gateway"]):
    def in_service(self) -> "GatewayQuerySet":
        return self.filter(retired_at=None)

    def locked(self) -> "GatewayQuerySet":
        """Lock against others who do so; rows that refer to it may come meanwhile."""
        return self.select_for_update(of=("self",), no_key=True)


# What `environment` says of a gateway that more is asked for.
PRODUCTION = frozenset({"production", "prod"})


class Gateway(models.Model):
    """One managed APISIX instance or cluster, reached through one Admin API."""

    slug = models.SlugField(max_length=40, unique=True)
    title = models.CharField(max_length=100)
    environment = models.CharField(
        max_length=40,
        blank=True,
        help_text=_("A label people know, such as production."),
    )
    admin_url = models.CharField(
        "Admin API address",
        max_length=500,
        validators=[http_url],
        help_text=_("Such as http://127.0.0.1:9180, without /apisix/admin."),
    )
    sealed_admin_key = models.BinaryField(null=True, editable=False)
    public_url = models.CharField(
        max_length=500,
        blank=True,
        validators=[http_url],
        help_text=_("Where traffic goes in."),
    )
    verify_tls = models.BooleanField("verify TLS", default=True)
    ca_bundle = models.TextField(
        "CA certificates", blank=True, help_text=_("PEM; empty: the system's.")
    )
    control_urls = models.JSONField(
        "Control API addresses",
        default=list,
        blank=True,
        help_text=_("One per data plane node."),
    )
    variables = models.JSONField(
        default=dict,
        blank=True,
        help_text=_("Hosts and addresses that are its own, by name."),
    )
    router = models.CharField(
        max_length=40,
        blank=True,
        choices=[(str(mode), str(mode)) for mode in Mode],
        help_text=_(
            "apisix.router.http of its config.yaml; empty where that is not known."
        ),
    )
    approvals_required = models.PositiveSmallIntegerField(
        default=1,
        validators=[MinValueValidator(1)],
        help_text=_("How many people must approve a change."),
    )
    version = models.CharField(max_length=40, blank=True, editable=False)
    answered_at = models.DateTimeField(null=True, editable=False)
    trouble = models.TextField(blank=True, editable=False)
    mirrored_at = models.DateTimeField(null=True, editable=False)
    mirroring_until = models.DateTimeField(
        null=True,
        editable=False,
        help_text=_("Somebody reads it now, at most until then."),
    )
    retired_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = GatewayQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["slug"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(approvals_required__gte=1),
                name="gateway_needs_an_approval",
            )
        ]

    def __str__(self) -> str:
        return self.slug

    def save(self, *args, **kwargs) -> None:  # type: ignore[no-untyped-def]
        if self.sealed_admin_key:
            try:
                self.admin_key()
            except KeyNotHere:
                self.sealed_admin_key = None
        super().save(*args, **kwargs)

    def clean(self) -> None:
        super().clean()
        _check_control_urls(self.control_urls)
        if trouble := trouble_with(self.variables):
            raise ValidationError({"variables": trouble})
        if self.ca_bundle.strip():
            try:
                trusting(self.ca_bundle)
            except NoCertificates as error:
                raise ValidationError({"ca_bundle": str(error)}) from error

    @property
    def out_of_service(self) -> str:
        """Say why nothing can be asked of it; "" while it is in service."""
        if self.retired_at is None:
            return ""
        return (
            f"Gateway {self.slug} is retired: nothing is written to it any more. Its "
            "changes and the audit tell what was done there."
        )

    def twin(self) -> "Gateway | None":
        """Return another gateway in service that stands at the same address."""
        here = endpoint(self.admin_url)
        others = Gateway.objects.in_service().exclude(pk=self.pk)
        return next((one for one in others if endpoint(one.admin_url) == here), None)

    @property
    def assumed_router(self) -> Mode:
        """Which router it is asked as: APISIX's default where nobody told."""
        return Mode(self.router) if self.router else Mode.HOST_URI

    @property
    def is_production(self) -> bool:
        """Whether people marked it as what their users depend on."""
        return self.environment.strip().lower() in PRODUCTION

    @property
    def is_well(self) -> bool:
        """Whether its Admin API answered when last asked."""
        return self.answered_at is not None and not self.trouble

    def set_admin_key(self, key: str) -> None:
        """Seal the key together with the address it is for; does not save."""
        self.sealed_admin_key = sealing.seal(
            {"origin": origin(self.admin_url), "key": key}
        )

    def admin_key(self) -> str:
        """Return the admin key.

        Raises KeyNotHere when there is none or it was given for another scheme,
        host or port: a key must never be sent to an address it was not meant for.
        """
        if not self.sealed_admin_key:
            raise KeyNotHere(f"Gateway {self.slug} has no admin key. Enter it.")
        sealed = sealing.unseal(self.sealed_admin_key)
        if sealed["origin"] != origin(self.admin_url):
            raise KeyNotHere(
                f"The admin key of gateway {self.slug} was given for another address. "
                "Enter it again."
            )
        key: str = sealed["key"]
        return key


class ResourceQuerySet(models.QuerySet["Resource"]):
    def matching(self, words: str) -> "ResourceQuerySet":
        """Keep resources whose id, name, URIs or hosts hold every word."""
        found = self
        for word in words.lower().split():
            found = found.filter(search__contains=word)
        return found


class Resource(models.Model):
    """One object of a gateway as last seen: the mirror that lists read."""

    gateway = models.ForeignKey(
        Gateway, on_delete=models.PROTECT, related_name="resources"
    )
    kind = models.CharField(
        max_length=20, choices=[(k.name, k.title) for k in KINDS.values()]
    )
    resource_id = models.CharField(max_length=600)
    document = models.JSONField(help_text=_("Redacted: what everybody may read."))
    sealed = models.BinaryField(editable=False)
    digest = models.CharField(max_length=64)
    mark = models.CharField(
        max_length=32,
        default="",
        editable=False,
        help_text=_("Equal: exactly as it was read."),
    )
    search = models.TextField(blank=True, editable=False)
    by_name = models.CharField(
        max_length=800,
        default="",
        editable=False,
        help_text=_("Its name in lower case, then its id: no two are alike."),
    )
    first_seen = models.DateTimeField(default=timezone.now)
    last_seen = models.DateTimeField(default=timezone.now)

    objects = ResourceQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["kind", "resource_id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["gateway", "kind", "resource_id"],
                name="resource_once_per_gateway",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["gateway", "kind", "by_name"], name="resource_by_name")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.resource_id}"

    def whole(self) -> dict[str, Any]:
        """Unseal the document, parts that the gateway does not show included."""
        document: dict[str, Any] = sealing.unseal(self.sealed)
        return document


class Facet(models.Model):
    """One thing by which a resource is looked for (see facets.py), kept with its row."""

    resource = models.ForeignKey(
        Resource, on_delete=models.CASCADE, related_name="facets"
    )
    # As of the resource, so that one index answers.
    gateway = models.ForeignKey(Gateway, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20)
    name = models.CharField(max_length=10)
    value = models.CharField(max_length=LENGTH_LIMIT)

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["gateway", "kind", "name", "value", "resource"],
                name="facet_finds_resource",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.value}"


class Catalogue(models.Model):
    """The JSON Schemas that a gateway reported, kept per version (see schemas.py)."""

    gateway = models.OneToOneField(
        Gateway, on_delete=models.CASCADE, related_name="catalogue"
    )
    version = models.CharField(max_length=40)
    document = models.JSONField()
    fetched_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"schemas of {self.gateway} {self.version}"
