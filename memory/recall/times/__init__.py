"""When a question means: its words of time as stretches of time, without a model.

`civil` knows days, weeks and seasons of one place, `dates` and `phrases` read what
names them, `finding` what stands before them ("since", "between … and …").
"""

from memory.recall.times.finding import find, tells_time
from memory.recall.times.ordering import order

__all__ = ["find", "order", "tells_time"]
