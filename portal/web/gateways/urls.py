"""Addresses of what a gateway holds, and of what happens on it."""

from django.urls import path, re_path

from portal.web.gateways import (
    certificates,
    drift,
    drift_rules,
    freezes,
    listing,
    overview,
    plugins,
    resources,
    simulate,
    topology,
)

RESOLVE = r"(?P<name>adopt|ignore|revert)"

urlpatterns = [
    path("certificates/", certificates.certificates_page, name="certificates"),
    path("gateways/", listing.gateways_page, name="gateways"),
    path("gateways/<slug:slug>/", overview.gateway_page, name="gateway"),
    path(
        "gateways/<slug:slug>/certificates/",
        certificates.gateway_certificates_page,
        name="gateway_certificates",
    ),
    path(
        "gateways/<slug:slug>/freezes/",
        freezes.gateway_freezes_page,
        name="gateway_freezes",
    ),
    path("gateways/<slug:slug>/topology/", topology.topology_page, name="topology"),
    path("gateways/<slug:slug>/simulator/", simulate.simulate_page, name="simulate"),
    path("gateways/<slug:slug>/schemas/", overview.read_schemas, name="read_schemas"),
    path("plugins/", plugins.plugins_page, name="plugins"),
    path("gateways/<slug:slug>/plugins/", plugins.catalogue_page, name="plugins_of"),
    path(
        "gateways/<slug:slug>/plugins/<path:name>/", plugins.plugin_page, name="plugin"
    ),
    path("gateways/<slug:slug>/drift/", drift.drifts_page, name="drifts"),
    path(
        "gateways/<slug:slug>/drift/rules/", drift_rules.rules_page, name="drift_rules"
    ),
    path(
        "gateways/<slug:slug>/drift/rules/<int:rule_id>/remove/",
        drift_rules.remove,
        name="remove_drift_rule",
    ),
    path("gateways/<slug:slug>/drift/<int:pk>/", drift.drift_page, name="drift"),
    re_path(
        rf"^gateways/(?P<slug>[-\w]+)/drift/(?P<pk>[0-9]{{1,18}})/{RESOLVE}/$",
        drift.resolve,
        name="resolve_drift",
    ),
    path(
        "gateways/<slug:slug>/<slug:kind>/", resources.resources_page, name="resources"
    ),
    path(
        "gateways/<slug:slug>/<slug:kind>/<path:resource_id>/",
        resources.resource_page,
        name="resource",
    ),
    path("freezes/", freezes.freezes_page, name="freezes"),
    path("freezes/<int:number>/end/", freezes.end, name="end_freeze"),
]
