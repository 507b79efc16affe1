"""A desk on the embedded model, beside which an endpoint is connected."""

from collections.abc import Iterator

import pytest

from accounts.models import Tenant
from accounts.scope import tenant_scope
from memory.embeddings import reembedding
from memory.llm import gateway
from memory.llm.config import GatewayConfig
from memory.models import ReembedJob
from tests.scripted_openai import ScriptedOpenAI

OTHER = "scripted-embed"
ACTOR = "operator"


@pytest.fixture
def server() -> Iterator[ScriptedOpenAI]:
    """An endpoint that is connected; the desk's texts stay with the embedded model."""
    before = gateway._gateway().config
    with ScriptedOpenAI() as server:
        gateway.configure(
            GatewayConfig(
                base_url=server.base_url,
                api_key="k",
                models={},
                timeout_s=5.0,
                data_dir=before.data_dir,
            )
        )
        try:
            yield server
        finally:
            gateway.configure(before)


def begin(desk: Tenant, name: str = OTHER) -> ReembedJob:
    with tenant_scope(desk.id):
        return reembedding.start(name=name, actor=ACTOR)


def the_job(desk: Tenant) -> ReembedJob:
    with tenant_scope(desk.id):
        job = reembedding.latest()
    assert job is not None
    return job


def cut_over(desk: Tenant) -> ReembedJob:
    with tenant_scope(desk.id):
        return reembedding.cut_over(job=the_job(desk), actor=ACTOR)


def roll_back(desk: Tenant) -> ReembedJob:
    with tenant_scope(desk.id):
        return reembedding.roll_back(job=the_job(desk), actor=ACTOR)
