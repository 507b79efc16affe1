"""One turn of the assistant: recall, context, stream, store, enqueue.

The reply streams within one asyncio task. No scope is held while a model or a tool is
waited for: one scope reads what the turn needs, another stores what came of it.
"""

import asyncio
import logging
import time
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db import close_old_connections

from accounts.models import Tenant
from accounts.scope import customer_scope
from chat import briefing, push, receipts, services, tools, turns
from chat.allowance import Allowance
from chat.history import recent_turns
from chat.models import Conversation
from chat.tokens.history import whole_history_tokens
from memory import disclosure, recall, summaries, working
from memory import settings as memory_settings
from memory.context import Context, Ledger
from memory.llm import gateway, metering
from memory.llm.errors import LLMError
from memory.llm.types import (
    ChatMessage,
    Done,
    HandOver,
    ReplyRequest,
    TextDelta,
    ToolCall,
    ToolCalls,
    Usage,
)
from memory.models import MemorySettings

logger = logging.getLogger(__name__)

# Deltas are pushed together: each push through the channel layer costs as much as the
# words in it are worth.
PUSH_EVERY_S = 0.04
RENEW_EVERY_S = 0.5
# Calls of the model for one answer. The last one has no tools, so that it answers.
MAX_ROUNDS = 5
# More look-ups than a question needs: what a model asks for beyond them is not done.
MAX_CALLS_A_ROUND = 8

_running: set[asyncio.Task[None]] = set()


def start(tenant_id: UUID, customer_id: UUID, conversation_id: UUID) -> None:
    """Answer in a task of its own: the reply outlives the socket that asked."""
    task = asyncio.get_running_loop().create_task(
        answer(tenant_id, customer_id, conversation_id)
    )
    _running.add(task)
    task.add_done_callback(_running.discard)


async def answer(tenant_id: UUID, customer_id: UUID, conversation_id: UUID) -> None:
    """Answer what is owed in a conversation, until nothing is."""
    try:
        while turn := await _in_scope(
            turns.start_turn, tenant_id, customer_id, conversation_id=conversation_id
        ):
            await _Reply(turn).run()
    except Conversation.DoesNotExist:
        # Erased meanwhile: there is nobody to answer any more.
        logger.info("A conversation was erased before its answer")


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a turn works with.

    Attributes:
        meter: What models took to understand the question and to rank what was found.
    """

    request: ReplyRequest
    context: Context
    toolbox: tools.Toolbox
    allowance: Allowance
    meter: metering.Meter


@dataclass(frozen=True, slots=True)
class Read:
    """What a turn is made from, read in one scope."""

    tenant: Tenant
    customer_name: str
    gathered: briefing.Gathered
    toolbox: tools.Toolbox


@dataclass(slots=True)
class _Reply:
    """The writing of one reply."""

    turn: turns.Turn
    text: str = ""
    hand_over_reason: str = ""
    tools_used: list[dict[str, Any]] = field(default_factory=list)
    usages: list[Usage] = field(default_factory=list)
    pushed_at: float = 0.0
    renewed_at: float = 0.0

    async def run(self) -> None:
        """Write and store the reply; a failure leaves it marked interrupted."""
        try:
            prepared = await _prepare(self.turn)
            self.usages += _understanding(prepared.meter)
            if await self._write(prepared):
                await self._store(prepared)
            else:
                await self._interrupt()
        except LLMError as error:
            logger.warning("A reply was cut: %s", type(error).__name__)
            await self._interrupt()
        except Conversation.DoesNotExist:
            raise
        except Exception:
            # Whatever broke, nobody may be left with half a message shown as whole.
            await self._interrupt()
            raise

    async def _write(self, prepared: Prepared) -> bool:
        """Stream the reply, calling tools on the way; False when the lease is lost."""
        request = prepared.request
        for call in range(1, MAX_ROUNDS + 1):
            # Rather an answer from what there is than one look-up more and none.
            last = call == MAX_ROUNDS or prepared.allowance.ends_with(
                request, self.usages
            )
            request = replace(request, must_answer=last)
            # A round may be silent for as long as the model and the tools may take.
            if not await self._scoped(self._may_ask, prepared.context, call):
                return False
            calls: list[ToolCall] = []
            said = len(self.text)
            if not await self._listen(request, calls):
                return False
            if not calls:
                return True
            if last:
                break
            # Somebody may have taken over while the model thought: no look-up for it.
            if not await self._renew():
                return False
            request = await self._with_results(
                request, self.text[said:], calls, prepared.toolbox
            )
            self._begin_paragraph()
        self.hand_over_reason = "the look-ups led nowhere"
        self._begin_paragraph()
        self.text += "I could not find that out. A colleague takes over."
        return True

    def _begin_paragraph(self) -> None:
        """Keep what was said before the look-ups apart from what is said after them."""
        if self.text.strip():
            self.text = f"{self.text.rstrip()}\n\n"

    def _may_ask(self, context: Context, call: int) -> bool:
        """Renew the lease and record what the model will see; False when it is lost."""
        if not turns.renew_turn(turn=self.turn):
            return False
        disclosure.record_reply(
            customer_id=self.turn.customer_id,
            conversation_id=self.turn.conversation_id,
            message_id=self.turn.message_id,
            context=context,
            call=call,
        )
        return True

    async def _listen(self, request: ReplyRequest, calls: list[ToolCall]) -> bool:
        """Take in one answer, and its tool calls; False when the lease is lost."""
        async with aclosing(gateway.stream_reply(request)) as parts:
            async for part in parts:
                match part:
                    case TextDelta(text):
                        self.text += text
                        if not await self._show():
                            return False
                    case ToolCalls(asked):
                        calls += asked[:MAX_CALLS_A_ROUND]
                    case HandOver(reason):
                        self.hand_over_reason = reason
                    case Done(usage):
                        self.usages.append(usage)
        return True

    async def _renew(self) -> bool:
        renewed: bool = await self._scoped(turns.renew_turn, turn=self.turn)
        return renewed

    async def _with_results(
        self,
        request: ReplyRequest,
        said: str,
        calls: list[ToolCall],
        toolbox: tools.Toolbox,
    ) -> ReplyRequest:
        messages = [
            *request.messages,
            ChatMessage("assistant", said, tool_calls=tuple(calls)),
        ]
        results = await toolbox.call_all(calls)
        for call, (result, cached) in zip(calls, results, strict=True):
            # A name that the model made up is text, and no text is kept here.
            if toolbox.has(call.name):
                self.tools_used.append({"name": call.name, "cached": cached})
            answer = tools.as_data(result)
            messages.append(ChatMessage("tool", answer, tool_call_id=call.id))
        return replace(request, messages=tuple(messages))

    async def _show(self) -> bool:
        """Push the text so far, now and then; False when the lease is lost."""
        now = time.monotonic()
        if now - self.pushed_at >= PUSH_EVERY_S:
            self.pushed_at = now
            await push.reply_grew(
                self.turn.tenant_id,
                self.turn.conversation_id,
                self.turn.message_id,
                self.text,
            )
        if now - self.renewed_at >= RENEW_EVERY_S:
            self.renewed_at = now
            return await self._renew()
        return True

    async def _store(self, prepared: Prepared) -> None:
        if not self.text.strip():
            self.text = "I have no answer to that. A colleague takes over."
            self.hand_over_reason = "the assistant had no answer"
        await self._scoped(self._finish, prepared.context)
        await self._scoped(
            _roll_up_if_long, self.turn.conversation_id, prepared.context.ledger
        )

    def _finish(self, context: Context) -> None:
        receipt = _context_json(context, self.usages, self.tools_used)
        history = whole_history_tokens(self.turn.customer_id, context)
        receipt["ledger"]["history"] = history
        turns.finish_turn(
            turn=self.turn,
            text=self.text.strip(),
            context=receipt,
            hand_over_reason=self.hand_over_reason,
        )

    async def _interrupt(self) -> None:
        await self._scoped(turns.interrupt_turn, turn=self.turn, text=self.text)

    async def _scoped(self, work: Any, *args: Any, **kwargs: Any) -> Any:
        turn = self.turn
        return await _in_scope(work, turn.tenant_id, turn.customer_id, *args, **kwargs)


async def _in_scope(
    work: Any, tenant_id: UUID, customer_id: UUID, *args: Any, **kwargs: Any
) -> Any:
    """Run one synchronous unit of work in customer scope, on a thread of the pool."""

    def unit() -> Any:
        try:
            with customer_scope(tenant_id, customer_id):
                return work(*args, **kwargs)
        finally:
            close_old_connections()

    return await sync_to_async(unit, thread_sensitive=False)()


async def _prepare(turn: turns.Turn) -> Prepared:
    return await sync_to_async(_prepared, thread_sensitive=False)(turn)


def _prepared(turn: turns.Turn) -> Prepared:
    """Read what the turn needs; nothing is held open while a model is waited for."""
    with metering.metered() as meter:
        try:
            with customer_scope(turn.tenant_id, turn.customer_id):
                question = briefing.question(turn.conversation_id)
            query = recall.prepare(
                question, tenant_id=turn.tenant_id, customer_id=turn.customer_id
            )
            with customer_scope(turn.tenant_id, turn.customer_id):
                read = _read(turn, query)
        finally:
            close_old_connections()
        return _packed(read, meter)


def _read(turn: turns.Turn, query: recall.Query) -> Read:
    conversation = Conversation.objects.select_related("customer").get(
        pk=turn.conversation_id
    )
    tenant = Tenant.objects.get(pk=turn.tenant_id)
    desk = memory_settings.current()
    buffer = recent_turns(conversation, working.Limits.of(desk))
    toolbox = tools.toolbox(
        tenant_id=turn.tenant_id,
        customer_id=turn.customer_id,
        conversation_id=turn.conversation_id,
    )
    gathered = briefing.gather(tenant, conversation, query, buffer=buffer, desk=desk)
    return Read(tenant, conversation.customer.name, gathered, toolbox)


def _understanding(meter: metering.Meter) -> list[Usage]:
    """Return what was spent before the first call, where it was anything."""
    if not meter.prompt_tokens and not meter.completion_tokens:
        return []
    return [
        Usage(
            model="",
            prompt_tokens=meter.prompt_tokens,
            completion_tokens=meter.completion_tokens,
            cost_usd=meter.cost_usd,
            latency_ms=meter.waited_ms,
        )
    ]


def _packed(read: Read, meter: metering.Meter) -> Prepared:
    context = briefing.packed(read.gathered)
    heard = read.gathered.heard
    if read.toolbox.memory:
        read.toolbox.memory.shown = briefing.shown(context, heard)
    request = ReplyRequest(
        messages=context.messages,
        tools=read.toolbox.specs(),
        memories=(*briefing.told_just_now(heard), *context.memories),
        customer_name=read.customer_name,
        desk_name=read.tenant.name,
    )
    return Prepared(request, context, read.toolbox, Allowance.of(read.tenant), meter)


def _context_json(
    context: Context, usages: list[Usage], tools_used: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return what the console shows about a reply: ids and numbers, no texts."""
    return {
        "ledger": context.ledger.as_json(),
        "facts": [str(fact.id) for fact in context.facts],
        "recalled": receipts.recalled_json(context.recalled),
        "prompt": context.record(),
        "tools": tools_used,
        "model": usages[-1].model if usages else "",
        "prompt_tokens": sum(usage.prompt_tokens for usage in usages),
        "completion_tokens": sum(usage.completion_tokens for usage in usages),
        "cost_usd": sum(usage.cost_usd for usage in usages),
    }


def _roll_up_if_long(conversation_id: UUID, ledger: Ledger) -> None:
    conversation = Conversation.objects.get(pk=conversation_id)
    desk = memory_settings.current()
    if (
        conversation.status != Conversation.Status.OPEN
        or desk.window == MemorySettings.Window.FORGET
    ):
        return
    summary = summaries.latest_rolling(conversation.customer_id, conversation_id)
    covered = summary.to_seq if summary else 0
    # Most conversations are too short for either limit. The task counts exactly.
    if (
        conversation.last_seq - covered > desk.buffer_messages
        or "buffer" in ledger.left_out
    ):
        services.schedule("roll_up_conversation", conversation)
