"""What the templates need to draw the design: icons, avatars and short times."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from zlib import crc32

from django import template
from django.core.serializers.json import DjangoJSONEncoder
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()

AVATAR_TONES: Final = ("a", "b", "c", "d", "e")
MINUTE_S: Final = 60
HOUR_S: Final = 60 * MINUTE_S
DAY_S: Final = 24 * HOUR_S
WEEK_S: Final = 7 * DAY_S
CONFIDENCE_MARKS: Final = 5


@register.simple_tag
def icon(name: str, classes: str = "") -> SafeString:
    """Draw an icon of the sprite, hidden from screen readers.

    Args:
        name: the symbol's id in `static/img/icons.svg`.
        classes: more classes, such as `s` (14 px), `l` (20 px) or `tm facts`.
    """
    return format_html(
        '<svg class="i {}" aria-hidden="true"><use href="{}#{}"></use></svg>',
        classes,
        static("img/icons.svg"),
        name,
    )


@register.filter
def as_json(value: Any) -> str:
    """Write a value as JSON, for a data attribute: the template escapes it."""
    return json.dumps(value, cls=DjangoJSONEncoder)


@register.simple_tag
def marked(text: str, spans: Iterable[str]) -> SafeString:
    """Escape a message and underline the words that became facts.

    Args:
        text: what was written.
        spans: verbatim pieces of it; overlapping ones are joined.
    """
    joined = _joined(text, spans or ())
    starts = [0, *(end for _, end in joined)]
    pairs = (
        (text[at:start], text[start:end])
        for at, (start, end) in zip(starts, joined, strict=False)
    )
    marks = format_html_join("", "{}<mark>{}</mark>", pairs)
    return marks + escape(text[starts[-1] :])


def _joined(text: str, spans: Iterable[str]) -> list[tuple[int, int]]:
    found = sorted(
        (start, start + len(span))
        for span in spans
        if span and (start := text.find(span)) >= 0
    )
    joined: list[tuple[int, int]] = []
    for start, end in found:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


@register.filter
def initials(name: str) -> str:
    """Return one or two capital letters for an avatar, `?` when there is no name."""
    words = [word for word in str(name).split() if word[0].isalpha()]
    if not words:
        return "?"
    letters = words[0][0] + (words[-1][0] if len(words) > 1 else "")
    return letters.upper()


@register.filter
def avatar_tone(key: object) -> str:
    """Return the avatar's tint class: the same for a person on every page."""
    return AVATAR_TONES[crc32(str(key).encode()) % len(AVATAR_TONES)]


@register.filter
def ago(moment: datetime | None) -> str:
    """Say how long ago in the shortest way: `now`, `4m`, `3h`, `2d`, `14 Mar 2026`."""
    if moment is None:
        return ""
    age_s = (timezone.now() - moment).total_seconds()
    if age_s < MINUTE_S:
        return "now"
    if age_s < HOUR_S:
        return f"{int(age_s // MINUTE_S)}m"
    if age_s < DAY_S:
        return f"{int(age_s // HOUR_S)}h"
    if age_s < WEEK_S:
        return f"{int(age_s // DAY_S)}d"
    return short_date(moment)


@register.filter
def span(seconds: float) -> str:
    """Say a length of time in its largest unit: `40 s`, `12 min`, `23 h`, `3 d`."""
    for unit_s, unit in ((DAY_S, "d"), (HOUR_S, "h"), (MINUTE_S, "min")):
        if seconds >= unit_s:
            return f"{int(seconds // unit_s)} {unit}"
    return f"{int(seconds)} s"


@register.filter
def short_date(moment: datetime | None) -> str:
    """Return `14 Mar`, with the year when it is not this one."""
    if moment is None:
        return ""
    local = timezone.localtime(moment)
    text = f"{local.day} {local:%b}"
    return text if local.year == timezone.localtime().year else f"{text} {local.year}"


@register.filter
def percent(share: float) -> str:
    """Return a share of one as an SVG length, such as `12.5%`."""
    return f"{min(max(float(share), 0.0), 1.0) * 100:.2f}%"


@register.simple_tag
def confidence(share: float) -> SafeString:
    """Draw a confidence of 0 to 1 as five small marks and a number."""
    on = round(float(share) * CONFIDENCE_MARKS)
    marks = format_html_join(
        "",
        '<i class="{}"></i>',
        (("on" if place < on else "",) for place in range(CONFIDENCE_MARKS)),
    )
    return format_html(
        '<span class="conf" aria-hidden="true">{}</span><span class="num">{}%</span>',
        marks,
        round(float(share) * 100),
    )
