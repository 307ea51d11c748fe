"""Whose marks a document bears."""

from typing import Any

import pytest

from gateway.owners import Owner, owner_of

INGRESS = "the APISIX ingress controller"


@pytest.mark.parametrize(
    ("document", "owner"),
    [
        (
            {"labels": {"managed-by": "apisix-ingress-controller"}},
            Owner(INGRESS, "labels.managed-by"),
        ),
        (
            {
                "labels": {
                    "manager-by": "apisix-ingress-controller",
                    "k8s/kind": "ApisixRoute",
                    "k8s/namespace": "shop",
                    "k8s/name": "web",
                }
            },
            Owner(INGRESS, "labels.manager-by", "ApisixRoute shop/web"),
        ),
        (
            {"labels": {"k8s/kind": "HTTPRoute", "k8s/name": "web"}},
            Owner(INGRESS, "labels.k8s/kind", "HTTPRoute web"),
        ),
        (
            {"desc": "Created by apisix-ingress-controller, DO NOT modify it manually"},
            Owner(INGRESS, "desc"),
        ),
        ({"labels": {"managed-by": "adc"}}, Owner("ADC", "labels.managed-by")),
        (
            {"labels": {"managed_by": "Terraform"}},
            Owner("Terraform", "labels.managed_by"),
        ),
        (
            {"labels": {"app.kubernetes.io/managed-by": "Helm"}},
            Owner("Helm", "labels.app.kubernetes.io/managed-by"),
        ),
        (
            {"labels": {"argocd.argoproj.io/instance": "shop"}},
            Owner("Argo CD", "labels.argocd.argoproj.io/instance"),
        ),
        (
            {"labels": {"managed-by": "our\u202ebot"}},
            Owner('"our⟨U+202E⟩bot"', "labels.managed-by"),
        ),
    ],
)
def test_the_marks_of_others_are_known(document: dict[str, Any], owner: Owner) -> None:
    assert owner_of(document) == owner


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"labels": {"team": "shop", "env": "prod"}},
        {"labels": {"managed-by": "gatehouse"}},
        {"labels": {"managed-by": ""}},
        {"labels": {"managed-by": 7}},
        {"labels": ["managed-by"]},
        {"desc": 7},
        {"desc": "Not created by apisix-ingress-controller"},
    ],
)
def test_everything_else_is_nobodys(document: dict[str, Any]) -> None:
    assert owner_of(document) is None
