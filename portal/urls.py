from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("portal.api.urls")),
    path("", include("portal.facade.urls")),
    path("", include("portal.oauth.urls")),
    path("", include("portal.mcp.urls")),
    path("", include("portal.web.urls")),
    path("admin/", admin.site.urls),
]
