"""Where each page is: the API at the root with its login, its schema, admin, health."""

from django.contrib import admin
from django.urls import include, path
from django.views.decorators.http import require_safe
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework.routers import DefaultRouter

from config import health
from jobs.views import JobViewSet

router = DefaultRouter()
router.register("jobs", JobViewSet)

schema = SpectacularAPIView.as_view()
schema_page = require_safe(SpectacularSwaggerView.as_view(url_name="schema"))

urlpatterns = [
    path("", include(router.urls)),
    path("api-auth/", include("rest_framework.urls")),
    path("schema/", schema, name="schema"),
    path("schema/docs/", schema_page),
    path("admin/", admin.site.urls),
    path("health/", health.live),
    path("health/ready/", health.ready),
]
