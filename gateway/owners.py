"""Whose resource is it? The marks that other programs leave on what they keep. Pure.

The APISIX ingress controller 1.x writes the label `managed-by` and a description
(pkg/types/apisix/v1/types.go), 2.x `manager-by` and `k8s/…`
(internal/controller/label/label.go); ADC writes `managed-by: adc` (api7/adc#533).
Terraform and GitOps tools write no mark of their own: people label what these keep,
most in one of the same names.
"""

from dataclasses import dataclass
from typing import Any

from gateway.words import quoted

Document = dict[str, Any]

LABELS = (
    "managed-by",
    "manager-by",
    "managed_by",
    "managedBy",
    "app.kubernetes.io/managed-by",
)
TITLES = {
    "adc": "ADC",
    "apisix-ingress-controller": "the APISIX ingress controller",
    "argocd": "Argo CD",
    "flux": "Flux",
    "fluxcd": "Flux",
    "helm": "Helm",
    "pulumi": "Pulumi",
    "terraform": "Terraform",
}
OURSELVES = "gatehouse"
# The beginnings of labels that only the owner itself writes.
PREFIXES = {
    "k8s/": "the APISIX ingress controller",
    "argocd.argoproj.io/": "Argo CD",
    "kustomize.toolkit.fluxcd.io/": "Flux",
    "meta.helm.sh/": "Helm",
}
DESCRIPTION = "Created by apisix-ingress-controller"


@dataclass(frozen=True)
class Owner:
    """Who keeps a resource, and by which field one knows.

    `source` says what it is made from there, or "". Both are words for a sentence.
    """

    title: str
    path: str
    source: str = ""


def owner_of(document: Document) -> Owner | None:
    """Return whose marks a document bears, None when it bears nobody's."""
    labels = document.get("labels")
    labels = labels if isinstance(labels, dict) else {}
    for name in LABELS:
        value = labels.get(name)
        if isinstance(value, str) and value and value.lower() != OURSELVES:
            title = TITLES.get(value.lower()) or quoted(value)
            return Owner(title, f"labels.{name}", _source(labels))
    for name in labels:
        for prefix, title in PREFIXES.items():
            if name.startswith(prefix):
                return Owner(title, f"labels.{name}", _source(labels))
    description = document.get("desc")
    if isinstance(description, str) and description.startswith(DESCRIPTION):
        return Owner(TITLES["apisix-ingress-controller"], "desc")
    return None


def _source(labels: Document) -> str:
    """Return "Kind namespace/name" of the Kubernetes object it is made from."""
    kind, namespace, name = (
        labels.get(f"k8s/{part}") for part in ("kind", "namespace", "name")
    )
    if not (isinstance(kind, str) and isinstance(name, str)):
        return ""
    where = f"{namespace}/{name}" if isinstance(namespace, str) else name
    return f"{quoted(kind)} {quoted(where)}"
