"""A scripted model, for the dialogues that are read by one."""

import pytest

from tests.chat.conftest import embedded_model, model

__all__ = ["embedded_model", "model"]


@pytest.fixture(autouse=True)
def _without_a_model(embedded_model: None) -> None:
    """Read by the rules, unless a test connects a model."""
