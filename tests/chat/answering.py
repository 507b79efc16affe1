"""Another process that answers: `python -m tests.chat.answering CONVERSATION...`.

It works on the test's own database and Redis, which its environment names. A
conversation is given as `tenant,customer,id,root of the model's API`; without the last
part the embedded assistant answers.
"""

import asyncio
import os
import sys
from uuid import UUID

import django


def use(base_url: str) -> None:
    """Connect the model behind this address; none for ""."""
    from django.conf import settings

    from memory.llm import gateway
    from memory.llm.config import GatewayConfig

    models = {"reply": "gpt-4o-mini"}
    gateway.configure(
        GatewayConfig(base_url=base_url, models=models, data_dir=settings.DATA_DIR)
    )


async def _answer_all(conversations: list[str]) -> None:
    from chat import assistant

    for conversation in conversations:
        *ids, base_url = conversation.split(",")
        use(base_url)
        await assistant.answer(*map(UUID, ids))


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    django.setup()
    asyncio.run(_answer_all(sys.argv[1:]))
