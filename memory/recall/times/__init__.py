"""When a question means: its words of time as stretches of time, without a model.

`civil` knows days, weeks and seasons of one place; `dates`, `seasons`, `phrases` and
`counting` read what names them, `leads` what stands before ("since early"); `finding`
puts it together ("between … and …", "May last year"); `ordering` tells whether the
first or the newest is asked for.

A date parser gives one moment, not a range, and takes a millisecond for each phrase:
the words are read here, and only dates in figures by `memory.values`.
"""

from memory.recall.times.finding import find, tells_time
from memory.recall.times.ordering import order

__all__ = ["find", "order", "tells_time"]
