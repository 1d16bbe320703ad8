"""The addresses: the admin is the product, the webhook and the health check are for machines."""

from django.contrib import admin
from django.urls import include, path

from revmo_campaigns.health import healthz

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("", include("conversations.urls")),
    path("", admin.site.urls),
]
