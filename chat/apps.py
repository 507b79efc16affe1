"""The chat app."""

from django.apps import AppConfig


class ChatConfig(AppConfig):
    """Conversations as people see them."""

    name = "chat"
