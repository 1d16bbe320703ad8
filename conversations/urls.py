"""Addresses for machines; those for people are the admin's."""

from django.urls import path

from conversations.webhooks import receive

urlpatterns = [
    path("webhooks/revmo/", receive, name="webhook"),
    path("webhooks/revmo/<str:token>/", receive, name="webhook_with_token"),
]
