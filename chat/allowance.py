"""How much one answer may read and write, in all the rounds that its look-ups take."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from django.conf import settings

from accounts.models import Tenant
from memory.llm import gateway
from memory.llm.types import ReplyRequest, Usage


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a turn may spend.

    Attributes:
        tokens: Read and written, all its calls together.
        usd: By the price table; a model without a price costs nothing.
    """

    tokens: int
    usd: float

    @classmethod
    def of(cls, tenant: Tenant) -> Self:
        """Return what a turn of this tenant may spend."""
        return cls(
            tokens=int(settings.TURN_MAX_CONTEXTS * tenant.context_tokens),
            usd=settings.TURN_MAX_USD,
        )

    def ends_with(self, request: ReplyRequest, usages: Sequence[Usage]) -> bool:
        """Say whether the next call has to be the last one.

        After a call that may ask for look-ups comes another that is at least as long:
        there has to be room for both.

        Args:
            request: What the next call sends.
            usages: What the calls before it took.
        """
        tokens = sum(use.prompt_tokens + use.completion_tokens for use in usages)
        coming = 2 * gateway.count_message_tokens(request.messages)
        cost_usd = sum(use.cost_usd for use in usages)
        return tokens + coming > self.tokens or cost_usd > self.usd
