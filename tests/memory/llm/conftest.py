"""The real embedding model, converted once a session, and a scripted endpoint."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from memory.llm import gateway
from memory.llm.config import GatewayConfig
from tests.scripted_openai import ScriptedOpenAI

MODELS = {"reply": "gpt-4o-mini", "consolidate": "gpt-4.1", "embed": "scripted-embed"}

Connect = Callable[..., None]


@pytest.fixture(scope="session")
def model_data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture
def embedded(model_data_dir: Path) -> None:
    """Configure the gateway without any external model."""
    gateway.configure(GatewayConfig(data_dir=model_data_dir))


@pytest.fixture
def server() -> Iterator[ScriptedOpenAI]:
    with ScriptedOpenAI() as scripted:
        yield scripted


@pytest_asyncio.fixture
async def connect(
    server: ScriptedOpenAI, model_data_dir: Path
) -> AsyncIterator[Connect]:
    """Return a function that connects the gateway to the scripted endpoint."""

    def connect_now(timeout_s: float = 5.0) -> None:
        gateway.configure(
            GatewayConfig(
                base_url=server.base_url,
                api_key="test-key",
                models=MODELS,
                timeout_s=timeout_s,
                data_dir=model_data_dir,
            )
        )

    connect_now()
    yield connect_now
    await gateway.aclose()
    gateway.configure(GatewayConfig(data_dir=model_data_dir))
