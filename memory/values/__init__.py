"""The form by which values are compared: one thing, however it was written.

A fact keeps the words as they were said; its `normal` is what they come to, where its
key has a form of its own (`memory.extraction.keys.Value`). A value that does not fit
the form has none: it is then compared by its words.
"""

from memory.values.forms import Said, normal
from memory.values.text import folded

__all__ = ["Said", "folded", "normal"]
