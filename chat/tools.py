"""The tenant's HTTP tools: what the assistant may look up, and the cached answers.

An answer is kept in working memory by tool and arguments, so that three questions about
one order make one look-up, and two at the same moment, too.
"""

import asyncio
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx
from django.core.exceptions import ValidationError

from accounts.models import Customer, Tenant
from chat import memory_tools, outbound, tool_arguments
from chat.models import HttpTool
from memory import settings as memory_settings
from memory import working
from memory.llm import gateway
from memory.llm.types import ToolCall, ToolSpec
from memory.models import MemorySettings

logger = logging.getLogger(__name__)

# A longer answer would crowd the context out; look-ups are short.
MAX_RESULT_CHARS = 4_000
# No character of UTF-8 is longer.
_MOST_BYTES = 4 * MAX_RESULT_CHARS
_CUSTOMER = "{customer}"


@dataclass(frozen=True, slots=True)
class Toolbox:
    """The tools of one conversation's tenant.

    Attributes:
        customer_ref: The tenant's own id of the customer, when it vouched for her; it
            fills `{customer}` in a tool's URL, and nothing that a text says can.
        tools: By name; read inside a scope, used outside of it.
        memory: The memory tools, where a language model may use them.
        kept: What this turn's look-ups found, also where nothing else may keep it.
    """

    tenant_id: UUID
    customer_id: UUID
    conversation_id: UUID
    customer_ref: str
    tools: dict[str, HttpTool]
    memory: memory_tools.MemoryTools | None = None
    kept: dict[str, str] = field(default_factory=dict)

    def specs(self) -> tuple[ToolSpec, ...]:
        """Return what the model is told about the tools."""
        theirs = tuple(
            ToolSpec(tool.name, tool.description, tool.parameters)
            for tool in self.tools.values()
        )
        ours = memory_tools.SPECS if self.memory else ()
        return theirs + tuple(spec for spec in ours if spec.name not in self.tools)

    def has(self, name: str) -> bool:
        """Return whether there is a tool of this name."""
        return name in self.tools or (
            self.memory is not None and name in memory_tools.NAMES
        )

    async def call_all(self, calls: Sequence[ToolCall]) -> list[tuple[str, bool]]:
        """Run the calls of one round side by side, and equal ones once.

        Memory's own run one after the other, in their order.

        Returns:
            As `call`, in the order of the calls.
        """
        once = {call.key: call for call in calls}
        # Not before all are through: nothing goes on behind the turn's back.
        found = await asyncio.gather(
            *map(self.call, once.values()), return_exceptions=True
        )
        answers: dict[str, tuple[str, bool]] = {}
        for key, answer in zip(once, found, strict=True):
            if isinstance(answer, BaseException):
                raise answer
            answers[key] = answer
        return [answers[call.key] for call in calls]

    async def call(self, call: ToolCall) -> tuple[str, bool]:
        """Run a call; a failure is an answer too, which the model can speak about.

        Returns:
            The result as JSON text, and whether it was kept from before.
        """
        tool = self.tools.get(call.name)
        if tool is None and self.memory and call.name in memory_tools.NAMES:
            return await self.memory.call(call), False
        if tool is None:
            return _problem("There is no such tool."), False
        if refusal := _refusal(tool, dict(call.arguments), self.customer_ref):
            return _problem(refusal), False
        # Two calls that lead to one address are one, whatever else they say.
        asked = tool_arguments.sent(tool.url, call.arguments)
        key = ToolCall("", tool.name, asked).key
        if key in self.kept:
            return self.kept[key], True
        result, good, cached = await self._looked_up(tool, asked)
        if good:
            self.kept[key] = result
        return result, cached

    async def _looked_up(
        self, tool: HttpTool, arguments: dict[str, str]
    ) -> tuple[str, bool, bool]:
        """Return an answer, whether it is one, and whether it was kept from before."""
        place = (self.tenant_id, self.customer_id, self.conversation_id)
        question: Any = {"tool": tool.name, "arguments": arguments}
        read = partial(working.cached_tool_result, *place, **question)
        if (kept := await asyncio.to_thread(read)) is not None:
            return kept, True, True
        async with working.look_up_once(*place, **question, timeout_s=tool.timeout_s):
            # Somebody else may have been through with it just now.
            if (kept := await asyncio.to_thread(read)) is not None:
                return kept, True, True
            result, good = await look_up(tool, arguments, self.customer_ref)
            if good:
                await asyncio.to_thread(
                    working.keep_tool_result,
                    *place,
                    **question,
                    result=result,
                    keep_s=tool.cache_s,
                )
        return result, good, False


def as_data(result: str) -> str:
    """Return a tool's result as JSON that can close no block and open none.

    What is no JSON, or was cut, or is nested beyond reading, becomes one quoted text.
    """
    try:
        json.loads(result)
    except (ValueError, RecursionError):
        result = json.dumps(result, ensure_ascii=False)
    return result.replace("<", "\\u003c")


def toolbox(*, tenant_id: UUID, customer_id: UUID, conversation_id: UUID) -> Toolbox:
    """Read the tenant's tools; runs inside its scope."""
    customer = Customer.objects.get(pk=customer_id)
    plan = Tenant.objects.get(pk=tenant_id).plan
    memory = None
    # The embedded assistant has rules of its own; the free plan, no memory.
    if gateway.connected() and plan != Tenant.Plan.FREE:
        window = memory_settings.current().window
        memory = memory_tools.MemoryTools(
            tenant_id,
            customer_id,
            conversation_id,
            verified=customer.verified,
            only_forgets=window == MemorySettings.Window.FORGET,
        )
    return Toolbox(
        tenant_id=tenant_id,
        customer_id=customer_id,
        conversation_id=conversation_id,
        customer_ref=customer.external_id if customer.verified else "",
        tools={tool.name: tool for tool in HttpTool.objects.order_by("name")},
        memory=memory,
    )


async def attempt(
    tool: HttpTool, arguments: dict[str, Any], customer_ref: str
) -> tuple[str, bool]:
    """Call a tool once, past working memory; runs outside of any scope.

    Returns:
        The answer, or what went wrong as JSON text, and whether it is an answer.
    """
    if refusal := _refusal(tool, arguments, customer_ref):
        return _problem(refusal), False
    return await look_up(tool, arguments, customer_ref)


def _refusal(tool: HttpTool, arguments: dict[str, Any], customer_ref: str) -> str:
    """Return why a call is not made, before anything of it is; empty when it is.

    What is allowed follows from the tool and from who the customer is, and from no
    text in the conversation.
    """
    if _CUSTOMER in tool.url and not customer_ref:
        return "Only a customer who is signed in can look this up."
    if wrong := tool_arguments.problems(tool.parameters, arguments):
        return " ".join(wrong)
    if odd := tool_arguments.leaves_its_place(tool.url, arguments):
        return f"Not a number or a name: {', '.join(odd)}."
    return ""


async def look_up(
    tool: HttpTool, arguments: dict[str, Any], customer_ref: str
) -> tuple[str, bool]:
    """Ask the tenant's server; runs outside of any scope and transaction.

    Returns:
        The answer, or what went wrong as JSON text, and whether it is one to keep.
    """
    told = {**tool_arguments.sent(tool.url, arguments), "customer": customer_ref}
    # Look-ups only: there is no way to make a tool write.
    filled = {name: quote(value, safe="") for name, value in told.items()}
    headers = {"Accept-Encoding": "identity"}
    if tool.header_name:
        headers[tool.header_name] = tool.header_value
    try:
        async with outbound.client(tool.url, timeout_s=tool.timeout_s) as client:
            address = tool.url.format_map(filled)
            # httpx's own limit is for each read: a slow answer never reaches it.
            async with (
                asyncio.timeout(tool.timeout_s),
                client.stream("GET", address, headers=headers) as response,
            ):
                text = await _start_of(response)
    except (
        httpx.HTTPError,
        httpx.InvalidURL,
        AttributeError,
        LookupError,
        ValueError,
        TimeoutError,
        ValidationError,
    ) as error:
        logger.warning("Tool %s failed: %s", tool.name, type(error).__name__)
        return _problem("The look-up did not answer. Try again later."), False
    if response.status_code == httpx.codes.NOT_FOUND:
        return _problem("Nothing was found under that number."), True
    if not response.is_success:
        logger.warning("Tool %s answered %s", tool.name, response.status_code)
        return _problem("The look-up did not answer. Try again later."), False
    return text, True


async def _start_of(response: httpx.Response) -> str:
    """Read no more of an answer than is kept, as it comes: it may be endless.

    Nothing is unpacked, since a little can become more than there is room for, and
    nothing is read in a charset that the answer chooses: it is JSON, so UTF-8.

    Raises:
        httpx.DecodingError: It comes packed although we asked for it as it is.
    """
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise httpx.DecodingError("The answer is packed.")
    start = b""
    async for piece in response.aiter_raw():
        start += piece
        if len(start) >= _MOST_BYTES:
            break
    return start[:_MOST_BYTES].decode(errors="replace")[:MAX_RESULT_CHARS]


def _problem(text: str) -> str:
    return json.dumps({"error": text})
