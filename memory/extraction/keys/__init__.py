"""The catalogue of keys: what a desk remembers of a customer, and how each behaves.

`catalogue.py` holds the keys, `names.py` the many names that one key goes by. A key
that is not in the catalogue is free: it is remembered with modest defaults.
"""

from memory.extraction.keys.catalogue import CATALOGUE
from memory.extraction.keys.names import named, spec
from memory.extraction.keys.specs import KeySpec, Value

__all__ = ["CATALOGUE", "KeySpec", "Value", "named", "spec"]
