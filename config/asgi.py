"""The ASGI application: HTTP pages and the two sockets."""

import os
from threading import Thread

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

from config import embedded

embedded.ensure_if_used()
django_application = get_asgi_application()

from accounts.checks import refuse_unsafe_role
from chat.consumers.gate import Gate
from chat.routing import websocket_urlpatterns
from config.limits import BodyLimit
from memory.llm import gateway
from memory.recall import intents


def _warm_up() -> None:
    gateway.warm_up()
    intents.warm_up()


refuse_unsafe_role()
# Beside the start, which does not wait for it: the first customer should not, either.
Thread(target=_warm_up, daemon=True).start()
application = ProtocolTypeRouter(
    {
        "http": BodyLimit(django_application),
        "websocket": Gate(AuthMiddlewareStack(URLRouter(websocket_urlpatterns))),
    }
)
