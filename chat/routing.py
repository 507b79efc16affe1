"""The paths of the two sockets."""

from django.urls import path

from chat.consumers.console import ConsoleSocket
from chat.consumers.widget import WidgetSocket

websocket_urlpatterns = [
    path("ws/console/", ConsoleSocket.as_asgi()),
    path("ws/widget/<slug:tenant_slug>/", WidgetSocket.as_asgi()),
]
