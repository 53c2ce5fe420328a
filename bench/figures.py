# SPDX-License-Identifier: MIT
"""What the Python benchmarks share."""

from __future__ import annotations


def latencies(seconds: list[float], unit: str) -> str:
    """The lines "p50 N" and "p99 N" of durations, in "us" or "ms"."""
    seconds = sorted(seconds)
    scale = {"us": 1e6, "ms": 1e3}[unit]
    return "\n".join(
        f"p{share} {seconds[(len(seconds) - 1) * share // 100] * scale:.3f}"
        for share in (50, 99))
