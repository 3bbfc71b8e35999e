"""From a run's folder to verdicts, a page and outputs for CI. Pure but for files.

It exists so that drawing stays below judging: `evidence.judge_run` judges and writes,
`cells` judges one history, `results` is the shape of results.json, and every renderer
(html, junit, summary, badge, annotations) reads that. The page shows `exhibits`, too:
pictures, logs and lines of the evidence, which are looked at and never judged.

    evidence     a run's folder: read and judged
    outputs      everything drawn and written, each by itself
    cells        one history judged; telling, stories, measures, recovery and
                 words tell of it
    compare      two runs held against each other
    html         the page: front (first screen), cell_pages, job_pages, templates
    exhibits     what is read beside results.json: scene (for charts), logs
    charts       a cell's pictures, in frames; swimlane is a job's; svg, palette draw
"""
