"""The agent's socket."""

import logging
from contextlib import AbstractContextManager
from importlib import import_module
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.db import Error
from django.utils.crypto import constant_time_compare

from accounts import audit
from accounts.models import User
from accounts.policies import Act, Power, may
from accounts.scope import tenant_scope
from accounts.sign_ins import staff_group
from chat import policies, push, services
from chat.consumers import frames, gate, sign_ins
from chat.consumers.frames import FrameError, SignedOutError
from chat.consumers.sign_ins import SignIn
from chat.consumers.socket import Socket
from chat.models import Conversation, Message

logger = logging.getLogger(__name__)
SessionStore = import_module(settings.SESSION_ENGINE).SessionStore


class ConsoleSocket(Socket):
    """An agent's console: any conversation of her tenant, and the inbox."""

    console = True
    kinds = ("open", "send", "ping")
    user: User | None = None
    sign_in: SignIn | None = None
    ended = False

    async def connect(self) -> None:
        """Let staff in who may chat."""
        user = self.scope["user"]
        await self.accept()
        if not isinstance(user, User) or not may(user, Power.CHAT):
            await self.close(code=4401)
            return
        if not self.scope["places"].take("user", user.pk):
            await self.close(code=gate.TOO_MANY)
            return
        self.user = user
        self.sign_in = SignIn.of(self.scope["session"], user)
        sign_ins.watch().add(self)
        await self.join(push.inbox_group(user.tenant_id))
        await self.join(staff_group(user.tenant_id))

    async def disconnect(self, code: int) -> None:
        """Leave every group."""
        sign_ins.watch().remove(self)
        await super().disconnect(code)
        if self.user is not None:
            tenant_id = self.user.tenant_id
            for group in (push.inbox_group(tenant_id), staff_group(tenant_id)):
                await self._layer("group_discard", group)

    def opened(self) -> AbstractContextManager[None]:
        """Return the tenant's scope."""
        return tenant_scope(self._staff().tenant_id)

    def check(self) -> None:
        """Look whether the sign-in still holds: a socket may outlive it, or the role.

        Raises:
            SignedOutError: Signed out, suspended, another password or another role.
        """
        session = SessionStore(self.scope["session"].session_key)
        user = User.objects.filter(pk=session.get(SESSION_KEY)).first()
        if (
            user is None
            or user.pk != self._staff().pk
            or not may(user, Power.CHAT)
            or not constant_time_compare(
                session.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash()
            )
        ):
            raise SignedOutError
        self.user = user

    async def on_open(self, frame: dict[str, Any]) -> None:
        """Show a conversation from `after` on."""
        conversation_id, after = frames.uuid(frame, "conversation"), frames.seq(frame)
        await self.unit(self._record_read, conversation_id, after)
        await self.watch(self._staff().tenant_id, conversation_id)
        self.seen = after
        self.shown = ("", 0)
        events = await self.unit(self.read_events, conversation_id)
        await self.send_frame(
            type="ready", conversation=str(conversation_id), events=events
        )

    async def on_send(self, frame: dict[str, Any]) -> None:
        """Store a reply or a note."""
        client_id = frames.uuid(frame, "client_id")
        message = await self.unit(
            self._store,
            frames.uuid(frame, "conversation"),
            frames.text(frame),
            client_id,
            frame.get("note") is True,
        )
        await self.send_frame(
            type="ack", client_id=str(client_id), id=str(message.id), seq=message.seq
        )

    def _store(
        self, conversation_id: UUID, text: str, client_id: UUID, note: bool
    ) -> Message:
        self._fetch(conversation_id, Act.CHANGE)
        return services.send_as_agent(
            conversation_id=conversation_id,
            user=self._staff(),
            text=text,
            client_id=client_id,
            note=note,
        )

    def _fetch(self, conversation_id: UUID, act: Act) -> Conversation:
        return policies.conversations.fetch(self._staff(), act, conversation_id)

    def _staff(self) -> User:
        if self.user is None:
            raise FrameError("denied", "Sign in first.")
        return self.user

    async def inbox_changed(self, message: dict[str, Any]) -> None:
        """Some conversation of the tenant has changed."""
        if await self._still_signed_in():
            await self.send_frame(type="inbox", conversation=message["conversation"])

    async def sign_in_changed(self, message: dict[str, Any]) -> None:
        """A sign-in of somebody here may have ended."""
        if self.user is not None and message["user"] == str(self.user.pk):
            await self._still_signed_in()

    async def _still_signed_in(self) -> bool:
        try:
            return await sign_ins.watch().holds(self)
        except Error as error:
            logger.warning("A sign-in was not looked up: %s", type(error).__name__)
            return False

    async def end(self) -> None:
        """Close, because the sign-in has ended; nothing is sent from now on."""
        if not self.ended:
            self.ended = True
            await self.close(code=4401)

    async def send_frame(self, **frame: Any) -> None:
        """Send one JSON frame, unless the sign-in has ended."""
        if not self.ended:
            await super().send_frame(**frame)

    def _record_read(self, conversation_id: UUID, after: int) -> None:
        """Record who watches a conversation from now on, if she may read it."""
        watched = self._fetch(conversation_id, Act.READ)
        audit.memory_read(
            actor=self._staff().actor,
            customer_id=watched.customer_id,
            purpose="support",
            conversation_id=conversation_id,
            seen={"after": after},
        )
