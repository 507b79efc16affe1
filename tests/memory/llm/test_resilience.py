"""The breaker's life."""

import pytest

from memory.llm.resilience import FAILURES_TO_OPEN, OPEN_S, CircuitBreaker


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def opened(clock: Clock) -> CircuitBreaker:
    breaker = CircuitBreaker(clock)
    for _ in range(FAILURES_TO_OPEN):
        assert breaker.allows()
        breaker.failed()
    return breaker


def test_it_opens_after_five_failures_in_a_row(opened: CircuitBreaker) -> None:
    assert not opened.allows()


def test_a_success_in_between_starts_the_count_again(clock: Clock) -> None:
    breaker = CircuitBreaker(clock)
    for _ in range(3 * FAILURES_TO_OPEN):
        breaker.failed()
        breaker.succeeded()
    assert breaker.allows()


def test_after_its_rest_one_call_is_tried(opened: CircuitBreaker, clock: Clock) -> None:
    clock.now_s += OPEN_S
    assert opened.allows()
    assert not opened.allows()


def test_a_good_trial_closes_it(opened: CircuitBreaker, clock: Clock) -> None:
    clock.now_s += OPEN_S
    opened.allows()
    opened.succeeded()
    assert opened.allows()
    assert opened.allows()


def test_a_bad_trial_opens_it_again(opened: CircuitBreaker, clock: Clock) -> None:
    clock.now_s += OPEN_S
    opened.allows()
    opened.failed()
    clock.now_s += OPEN_S - 1
    assert not opened.allows()
    clock.now_s += 1
    assert opened.allows()
