"""The memory app."""

from django.apps import AppConfig
from django.conf import settings


class MemoryConfig(AppConfig):
    """The four tiers of memory."""

    name = "memory"

    def ready(self) -> None:
        """Configure the gateway with the settings."""
        from memory.llm import gateway
        from memory.llm.config import GatewayConfig

        gateway.configure(
            GatewayConfig(
                base_url=settings.OPENAI_BASE_URL,
                api_key=settings.OPENAI_API_KEY,
                models=settings.MODELS,
                timeout_s=settings.MODEL_TIMEOUT_S,
                rerank_base_url=settings.RERANK_BASE_URL,
                rerank_api_key=settings.RERANK_API_KEY,
                data_dir=settings.DATA_DIR,
            )
        )
