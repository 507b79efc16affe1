"""The customer's socket."""

import asyncio
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import close_old_connections

from accounts.models import Customer, Tenant
from accounts.scope import customer_scope, identity_scope
from chat import assistant, identity, services
from chat.consumers import frames, gate
from chat.consumers.frames import FrameError
from chat.consumers.socket import Socket
from chat.identity import TooManyVisitorsError
from chat.models import Conversation, Message


class WidgetSocket(Socket):
    """A customer's widget: her own open conversation and nothing else."""

    console = False
    kinds = ("hello", "send", "ping")
    tenant: Tenant | None = None
    customer: Customer | None = None

    async def connect(self) -> None:
        """Accept; who it is comes with the greeting."""
        slug = self.scope["url_route"]["kwargs"]["tenant_slug"]
        await self.accept()
        self.tenant = await asyncio.to_thread(_tenant, slug)
        if self.tenant is None:
            await self.close(code=4404)

    def opened(self) -> AbstractContextManager[None]:
        """Return the customer's scope."""
        customer = self._known()
        return customer_scope(customer.tenant_id, customer.id)

    async def on_hello(self, frame: dict[str, Any]) -> None:
        """Find out who it is and show the conversation that is open.

        With none open, the `conversation` that the client had shows how it ended.
        """
        tenant = self.tenant
        if tenant is None:
            raise FrameError("not_found", "There is no such desk.")
        had, after = frames.optional(frame, "conversation"), frames.seq(frame)
        try:
            customer = await asyncio.to_thread(
                _identify,
                tenant,
                frames.optional(frame, "token"),
                frames.optional(frame, "visitor") or self._visitor(),
                self.scope["client_ip"],
                frames.optional(frame, "time_zone"),
            )
        except TooManyVisitorsError:
            await self.close(code=gate.TRY_LATER)
            return
        except PermissionDenied:
            await self.close(code=4403)
            return
        if not self.scope["places"].take("customer", customer.id):
            await self.close(code=gate.TOO_MANY)
            return
        self.customer = customer
        conversation_id = await self.unit(_shown_conversation_id, had)
        events: list[dict[str, Any]] = []
        if conversation_id is None:
            # Somebody else may have been greeted here before.
            await self.leave()
        else:
            await self.watch(tenant.id, conversation_id)
            # The client's last seq is one of the conversation that it had.
            self.seen = after if had in {"", str(conversation_id)} else 0
            self.shown = ("", 0)
            events = await self.unit(self.read_events, conversation_id)
        await self.send_frame(
            type="ready",
            conversation=str(conversation_id) if conversation_id else None,
            visitor=None if customer.verified else identity.sign_visitor(customer),
            customer_name=customer.name,
            desk=tenant.name,
            events=events,
            assistant=True,
        )

    def _visitor(self) -> str:
        """Return the token of the stranger who was greeted here before, if any."""
        if self.customer is None or self.customer.verified:
            return ""
        return identity.sign_visitor(self.customer)

    async def on_send(self, frame: dict[str, Any]) -> None:
        """Store what the customer wrote, then let the assistant answer."""
        client_id = frames.uuid(frame, "client_id")
        message, owed = await self.unit(self._store, frames.text(frame), client_id)
        if owed:
            # Before anything that may fail here: only the schedule would answer later.
            assistant.start(
                message.tenant_id, message.customer_id, message.conversation_id
            )
        await self.send_frame(
            type="ack", client_id=str(client_id), id=str(message.id), seq=message.seq
        )
        if self.watching != message.conversation_id:
            self.seen = 0
            await self.watch(message.tenant_id, message.conversation_id)
        await self.catch_up()

    def _store(self, text: str, client_id: UUID) -> tuple[Message, bool]:
        message = services.receive_from_widget(
            customer=self._known(), text=text, client_id=client_id
        )
        return message, message.conversation.owner == Conversation.Owner.ASSISTANT

    def _known(self) -> Customer:
        if self.customer is None:
            raise FrameError("hello_first", "Say hello before anything else.")
        return self.customer


def _shown_conversation_id(had: str) -> UUID | None:
    conversation = services.open_widget_conversation()
    if conversation is not None:
        return conversation.id
    try:
        return Conversation.objects.only("id").get(pk=UUID(had)).id
    except (ValueError, Conversation.DoesNotExist):
        return None


def _tenant(slug: str) -> Tenant | None:
    try:
        with identity_scope():
            return Tenant.objects.filter(slug=slug).first()
    finally:
        close_old_connections()


def _identify(
    tenant: Tenant, token: str, visitor: str, ip: str, time_zone: str
) -> Customer:
    try:
        return identity.identify(
            tenant, token=token, visitor=visitor, ip=ip, time_zone=time_zone
        )
    finally:
        close_old_connections()
