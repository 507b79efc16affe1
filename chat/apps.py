"""The chat app."""

from django.apps import AppConfig


class ChatConfig(AppConfig):
    """Conversations as people see them."""

    name = "chat"

    def ready(self) -> None:
        """Tell whom an agent works with."""
        from accounts.policies import agents_work_with
        from chat.policies import customers_of

        agents_work_with(customers_of)
