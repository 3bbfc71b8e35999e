"""Where each page is: the API at the root, its login, and the health endpoint."""

from django.urls import include, path
from rest_framework.routers import DefaultRouter

from jobs.views import JobViewSet, health

router = DefaultRouter()
router.register("jobs", JobViewSet)

urlpatterns = [
    path("", include(router.urls)),
    path("api-auth/", include("rest_framework.urls")),
    path("health/", health),
]
