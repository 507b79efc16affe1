"""What became of each try, for people: numbers and reasons, nobody's words."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from celery.exceptions import SoftTimeLimitExceeded

from accounts.scope import require_tenant
from memory import facts
from memory.consolidation.planning import Plan
from memory.consolidation.span import Span
from memory.llm.errors import LLMError
from memory.llm.metering import Meter
from memory.models import Consolidation

UNFORESEEN = "Something unforeseen went wrong ({}). The log of the server has it."
CUT_OFF = "The work was cut off each time: a process died, or a time limit passed."
TOO_LONG = "It took longer than a task may take."
CHANGED = "What is known about the customer was changed again and again meanwhile."


class MemoryChangedError(Exception):
    """Something was forgotten while a plan was made, as often as it was made anew."""


@dataclass(slots=True)
class Run:
    """One try to bring a span into memory.

    Attributes:
        attempt: The how manieth for these messages, from 1.
        started: `time.perf_counter` at its start.
        meter: What it spent on models.
    """

    span: Span
    trigger: str
    attempt: int
    started: float = field(default_factory=time.perf_counter)
    meter: Meter = field(default_factory=Meter)


def record_done(
    run: Run, plan: Plan, remembered: Sequence[facts.Remembered]
) -> Consolidation:
    """Record that a plan was applied, in the transaction that does so."""
    outcomes = Counter[str](result.outcome for result in remembered)
    outcomes["held"] += len(plan.held)
    return _record(
        run,
        Consolidation.State.DONE,
        engine=plan.engine,
        outcomes={name: number for name, number in outcomes.items() if number},
    )


def record_overtaken(run: Run) -> Consolidation:
    """Record that somebody else was faster: what was planned is thrown away."""
    return _record(run, Consolidation.State.OVERTAKEN)


def record_failed(run: Run, *, reason: str, given_up: bool) -> Consolidation:
    """Record that a try failed, and whether it was the last."""
    state = Consolidation.State
    return _record(run, state.GIVEN_UP if given_up else state.FAILED, reason=reason)


def record_cut_off(
    *,
    customer_id: UUID,
    conversation_id: UUID,
    trigger: str,
    from_seq: int,
    to_seq: int,
    attempt: int,
) -> Consolidation:
    """Record that a conversation is given up because no try came to an end."""
    made: Consolidation = Consolidation.objects.create(
        tenant_id=require_tenant(),
        customer_id=customer_id,
        conversation_id=conversation_id,
        trigger=trigger,
        state=Consolidation.State.GIVEN_UP,
        from_seq=from_seq,
        to_seq=to_seq,
        attempt=attempt,
        reason=CUT_OFF,
    )
    return made


def reason_for(error: BaseException) -> str:
    """Return why a try failed, in words for people that quote nobody."""
    if isinstance(error, MemoryChangedError):
        return CHANGED
    if isinstance(error, SoftTimeLimitExceeded):
        return TOO_LONG
    if isinstance(error, LLMError):
        # Its messages never carry what was asked or answered.
        return str(error)
    return UNFORESEEN.format(type(error).__name__)


def _record(run: Run, state: str, **what: object) -> Consolidation:
    total_ms = (time.perf_counter() - run.started) * 1000
    made: Consolidation = Consolidation.objects.create(
        tenant_id=require_tenant(),
        customer_id=run.span.customer_id,
        conversation_id=run.span.conversation_id,
        trigger=run.trigger,
        state=state,
        from_seq=run.span.after_seq,
        to_seq=run.span.to_seq,
        attempt=run.attempt,
        prompt_tokens=run.meter.prompt_tokens,
        completion_tokens=run.meter.completion_tokens,
        cost_usd=run.meter.cost_usd,
        own_ms=max(0.0, total_ms - run.meter.waited_ms),
        model_ms=run.meter.waited_ms,
        **what,
    )
    return made
