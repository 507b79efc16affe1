"""What to change in the desk's settings, by where its tokens went."""

from dataclasses import dataclass
from typing import Final

from accounts.models import Tenant
from chat.tokens.counting import Numbers
from memory.models import MemorySettings

# Of the budget. Source: the product's reference design for summaries (mission, F4).
LEAST_SHARE: Final = 0.3
MOST_SHARE: Final = 0.5
# So many answers may do without something before it is worth a word.
_OFTEN: Final = 0.05
_STEP: Final = 500


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing to change, or that nothing has to be.

    Attributes:
        title: What.
        text: Why, with the numbers.
        setting: Whether the settings of memory are where it is done.
    """

    title: str
    text: str
    setting: bool = True


def advice(tenant: Tenant, desk: MemorySettings, found: Numbers) -> list[Advice]:
    """Return what to change.

    Args:
        tenant: The desk.
        desk: How it remembers.
        found: What its answers add up to.
    """
    if tenant.plan == Tenant.Plan.FREE:
        return [
            Advice(
                "This plan sends messages only",
                "Facts, summaries and recalled memories are part of the paid plan, with"
                " a budget four times as large.",
                setting=False,
            )
        ]
    given = [
        _within(
            "The messages that are sent word for word",
            desk.buffer_tokens,
            tenant.context_tokens,
            _fitting(found, tenant.context_tokens),
        ),
        _within(
            "The trigger of a summary",
            desk.trigger_tokens,
            tenant.context_tokens,
            _fitting(found, tenant.context_tokens),
        ),
        _overflow(desk, found),
        _memory_left_out(found),
    ]
    return [one for one in given if one] or [
        Advice(
            "Nothing to change",
            "Both limits are between 30 and 50 % of the budget, and answers seldom do"
            " without anything.",
            setting=False,
        )
    ]


def _fitting(found: Numbers, budget: int) -> int:
    """Return a limit that most buffers keep, between the two shares of the budget."""
    wanted = found.percentile("buffer", 0.95) * 1.25
    kept = min(max(wanted, LEAST_SHARE * budget), MOST_SHARE * budget)
    return round(kept / _STEP) * _STEP


def _within(what: str, tokens: int, budget: int, better: int) -> Advice | None:
    share = tokens / budget
    if LEAST_SHARE <= share <= MOST_SHARE:
        return None
    why = (
        "less than 30 %: what was just said is summarised early"
        if share < LEAST_SHARE
        else "more than 50 %: it crowds out what is remembered"
    )
    return Advice(
        f"{what}: try {better:,} tokens",
        f"It is {tokens:,} tokens now, {_percent(share)} of the budget of {budget:,};"
        f" {why}.",
    )


def _overflow(desk: MemorySettings, found: Numbers) -> Advice | None:
    share = found.mean("overflow")
    if share <= _OFTEN:
        return None
    then = (
        "and no summary takes their place, as the desk only forgets"
        if desk.window == MemorySettings.Window.FORGET
        else "before a summary had taken their place"
    )
    return Advice(
        "Let more messages in",
        f"For {_percent(share)} of the answers older messages found no room, {then}."
        f" The limits are {desk.buffer_messages} messages and {desk.buffer_tokens:,}"
        " tokens.",
    )


def _memory_left_out(found: Numbers) -> Advice | None:
    share = found.mean("left_out")
    if share <= _OFTEN:
        return None
    return Advice(
        "Let fewer messages in",
        f"For {_percent(share)} of the answers some memory found no room. What fits is"
        " chosen by relevance, so this does no harm while answers are good.",
    )


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"
