"""The results as Markdown tables and Mermaid charts."""

from collections.abc import Mapping

from tests.benchmarks import docs
from tests.benchmarks.latency.fleet import Figure
from tests.benchmarks.latency.measure import ARRIVALS_A_SECOND, MANY, Figures, Results
from tests.benchmarks.latency.place import SHARED_BUFFERS

BEGIN = "<!-- make bench-latency writes from here -->"
_NAMES = {
    "limit": "barest SQL (the limit)",
    "sql": "recall, its database part",
    "end_to_end": "recall, end to end",
    "embedding": "of that, embedding the question",
}


def report(results: Results) -> str:
    """Return the section's tables and charts."""
    largest = f"{max(results.sizes):,}"
    parts = [
        _machine(results),
        "Milliseconds at p50 / p95 / p99, and how many a second, among"
        f" {results.memories:,} memories of {results.memories // 100:,} customers (and"
        f" others of up to {largest}):",
        _works(results),
        _arriving(results),
        "The same customers among more and more memories of others, one client, p50:",
        _growing(results.growth, "memories in all"),
        _chart("Memories in all", results.growth),
        "Customers with more memories of their own, one client, p50:",
        _growing(results.sizes, "memories of the customer"),
        _chart("Memories of the customer", results.sizes),
    ]
    return "\n\n".join(parts)


def write(text: str) -> None:
    """Put it into the documentation, in place of what is there."""
    docs.write(BEGIN, text)


def _machine(results: Results) -> str:
    loads = results.loads()
    return (
        f"{docs.machine()} for PostgreSQL and clients together,"
        f" `shared_buffers` {SHARED_BUFFERS},"
        f" load {min(loads):.0f} to {max(loads):.0f}."
    )


def _works(results: Results) -> str:
    lines = [
        f"| | 1 client | a second | {MANY} clients | a second |",
        "|---|---|---|---|---|",
    ]
    for name, title in _NAMES.items():
        one, many = results.one[name], results.many[name]
        lines.append(
            f"| {title} | {_times(one)} | {one.per_second:,.0f}"
            f" | {_times(many)} | {many.per_second:,.0f} |"
        )
        if name == "sql":
            lines.append(
                f"| ratio to the limit | {_ratio(results.one)} times"
                f" | | | {_share(results.many)} times |"
            )
    return "\n".join(lines)


def _arriving(results: Results) -> str:
    it = results.arriving
    assert it, "not measured"
    return (
        f"{ARRIVALS_A_SECOND} questions a second, arriving by chance for"
        f" {results.minutes:g} minutes ({it.count:,} in all), timed end to end from"
        f" their arrival: {_times(it)} ms, **{it.under_40_ms:.2%} under 40 ms**."
    )


def _growing(by_size: Mapping[int, Figures], what: str) -> str:
    smallest = min(by_size)
    lines = [
        f"| {what} | recall, its database part | to the smallest | limit | ratio |",
        "|---|---|---|---|---|",
    ]
    for size, figures in by_size.items():
        times = figures["sql"].p50_ms
        lines.append(
            f"| {size:,} | {times:.2f} ms"
            f" | {times / by_size[smallest]['sql'].p50_ms:.2f} times"
            f" | {figures['limit'].p50_ms:.2f} ms | {_ratio(figures)} times |"
        )
    return "\n".join(lines)


def _chart(title: str, by_size: Mapping[int, Figures]) -> str:
    def values(name: str) -> str:
        return ", ".join(f"{each[name].p50_ms:.2f}" for each in by_size.values())

    names = ", ".join(f'"{size:,}"' for size in by_size)
    top = max(each["sql"].p50_ms for each in by_size.values()) * 1.2
    return "\n".join(
        [
            "```mermaid",
            "xychart-beta",
            f'    title "{title}: recall (bars) and the limit (line), p50"',
            f"    x-axis [{names}]",
            f'    y-axis "ms" 0 --> {top:.1f}',
            f"    bar [{values('sql')}]",
            f"    line [{values('limit')}]",
            "```",
        ]
    )


def _times(it: Figure) -> str:
    return f"{it.p50_ms:.2f} / {it.p95_ms:.2f} / {it.p99_ms:.2f}"


def _ratio(figures: Figures) -> str:
    return f"{figures['sql'].p50_ms / figures['limit'].p50_ms:.2f}"


def _share(figures: Figures) -> str:
    return f"{figures['sql'].per_second / figures['limit'].per_second:.2f}"
