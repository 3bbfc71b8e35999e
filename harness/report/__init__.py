"""From a run's folder to verdicts, a page and outputs for CI. Pure but for files.

It exists so that drawing stays below judging: `evidence.judge_run` judges and writes,
`cells` judges one history, `results` is the shape of results.json, and every renderer
(html, junit, summary) reads that and nothing else.
"""
