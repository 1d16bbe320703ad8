"""Addresses for machines, and the proof for a number; all else for people is the admin's."""

from django.contrib import admin
from django.urls import path

from conversations.proof_pages import proof_file, proof_page
from conversations.webhooks import receive

urlpatterns = [
    path("webhooks/revmo/", receive, name="webhook"),
    path("webhooks/revmo/<str:token>/", receive, name="webhook_with_token"),
    path("proof/<str:phone>/", admin.site.admin_view(proof_page), name="proof"),
    path("proof/<str:phone>/file/", admin.site.admin_view(proof_file), name="proof_file"),
]
