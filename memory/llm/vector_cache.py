"""Remembers the vectors of texts that were embedded lately."""

import hashlib
from collections import OrderedDict
from threading import Lock

import numpy as np
from numpy.typing import NDArray


class VectorCache:
    """A least-recently-used map from text to vector, safe across threads.

    Texts are kept as digests only, so that no customer's words linger here.
    """

    def __init__(self, max_entries: int) -> None:
        self._max_entries = max_entries
        self._vectors: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()
        self._lock = Lock()

    def get(self, text: str) -> NDArray[np.float32] | None:
        """Return the vector of the text, (dims,) float32, or None."""
        key = _digest(text)
        with self._lock:
            vector = self._vectors.get(key)
            if vector is not None:
                self._vectors.move_to_end(key)
            return vector

    def put(self, text: str, vector: NDArray[np.float32]) -> None:
        """Remember a vector, forgetting the one used longest ago when full."""
        key = _digest(text)
        with self._lock:
            self._vectors[key] = vector
            self._vectors.move_to_end(key)
            if len(self._vectors) > self._max_entries:
                self._vectors.popitem(last=False)


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).digest()
