"""The report's colours, in one place, light and dark.

It exists because drawings name colours twice: as presentation attributes, so that they
show where a strict policy takes every style away, and as CSS variables, so that dark
mode can change them. The marks' colours were found by annealing over their distance in
normal and colour-blind vision (`reporting.md` §5.5): do not mend one by eye. A test
computes contrast and distance.
"""

from collections.abc import Mapping

LIGHT: Mapping[str, str] = {
    "ground": "#ffffff",
    "panel": "#f6f8fb",
    "line": "#d5dbe5",
    "text": "#1a2230",
    "soft": "#525e71",
    "link": "#2152b5",
    "ok": "#8494b2",
    "retried": "#2152b5",
    "repeated": "#cc7b00",
    "stuck": "#9c0f49",
    "lost": "#370101",
    "queued": "#c9d2e0",
    "ended": "#eaf1fb",
    "kept": "#eaf1fb",
    "weakness": "#fbeed3",
    "broke": "#710103",
    "on-broke": "#ffffff",
    "proof": "#fff7e6",
    "shade": "#f3e3ea",
}
DARK: Mapping[str, str] = {
    "ground": "#14181f",
    "panel": "#1b212b",
    "line": "#344052",
    "text": "#e7ebf2",
    "soft": "#a9b4c5",
    "link": "#8fb4f2",
    "ok": "#91a6bb",
    "retried": "#0663ca",
    "repeated": "#f7a510",
    "stuck": "#ce144e",
    "lost": "#fae2e0",
    "queued": "#3a4656",
    "ended": "#1b2a40",
    "kept": "#1b2a40",
    "weakness": "#3d2f10",
    "broke": "#3a0002",
    "on-broke": "#ffd9d6",
    "proof": "#2b2414",
    "shade": "#33202b",
}

# The marks of jobs: what each stands for, from harmless to worst.
MARKS: Mapping[str, str] = {
    "ok": "ended",
    "retried": "ended after a retry",
    "repeated": "had its effect, or a row, twice",
    "stuck": "never ended",
    "lost": "gone without a trace",
}
