"""index.html: the run as one page that needs nothing but a browser.

It exists so that a reader sees which design kept which promise, and for every harmed
job why. It reads results.json and decides nothing; all text is escaped by Jinja2.
"""

from jinja2 import Environment, PackageLoader, StrictUndefined

from harness.report.results import RunResult, anchor

ENVIRONMENT = Environment(
    loader=PackageLoader("harness.report"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(result: RunResult) -> str:
    """Return the page, whole: style included, no script, no request."""
    return ENVIRONMENT.get_template("index.html.j2").render(
        result=result, anchor=anchor
    )
