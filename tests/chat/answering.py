"""Another process that answers a conversation: `python -m tests.chat.answering IDS`.

It works on the test's own database and Redis, which its environment names.
"""

import asyncio
import os
import sys
from uuid import UUID

import django


def main() -> None:
    """Answer the conversation whose tenant, customer and id are the arguments."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    django.setup()
    from chat import assistant

    asyncio.run(assistant.answer(*map(UUID, sys.argv[1:])))


if __name__ == "__main__":
    main()
