"""How the gateway reaches its models."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Job = Literal["reply", "consolidate", "classify", "judge", "embed", "rerank"]

# What a language model cannot do instead of the model that is named for it.
_OPTIONAL = frozenset({"embed", "rerank"})


@dataclass(frozen=True, slots=True)
class GatewayConfig:
    """Endpoints, models per job, and where the embedded model is kept.

    Attributes:
        base_url: Root of an OpenAI-compatible API; "" is OpenAI's own.
        api_key: Key of that endpoint; may stay "" where none is needed.
        models: Model per job. A text job without one uses the reply model;
            embeddings stay embedded unless "embed" is named, and nothing is ranked
            again unless "rerank" is.
        timeout_s: Longest wait for the first token, all tries together, and for
            every later piece.
        rerank_base_url: Root of the API that ranks, where it is another one; "" is
            the same as `base_url`, with the same key.
        rerank_api_key: Key of that other endpoint.
        data_dir: Writable directory; holds the converted embedding model.
    """

    base_url: str = ""
    api_key: str = field(default="", repr=False)
    models: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float = 30.0
    data_dir: Path = Path(".data")
    rerank_base_url: str = ""
    rerank_api_key: str = field(default="", repr=False)

    @property
    def has_endpoint(self) -> bool:
        """Whether any external model can be called."""
        return bool(self.base_url or self.api_key)

    def model_for(self, job: Job) -> str:
        """Return the external model for a job, or "" when the embedded one does it."""
        elsewhere = job == "rerank" and self.rerank_base_url
        if not self.has_endpoint and not elsewhere:
            return ""
        own = self.models.get(job, "")
        return own if job in _OPTIONAL else own or self.models.get("reply", "")
