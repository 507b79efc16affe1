"""What can go wrong with a model, in two kinds: try again, or do not.

No message carries a prompt, an answer or the provider's own words, because those may
quote a customer.
"""


class LLMError(Exception):
    """A model call failed."""


class RetryableError(LLMError):
    """The same call may succeed later: rate limit, timeout, outage, broken answer.

    Attributes:
        retry_after_s: Seconds that the provider asks to wait, or None.
    """

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class TerminalError(LLMError):
    """The same call will fail again: wrong key, unknown model, request refused."""
