"""Write the golden pictures and pages anew; look at them before you commit them."""

from harness.tests.report.test_golden import GOLDEN, golden_pages, golden_pictures

if __name__ == "__main__":
    (GOLDEN / "pictures.svg.txt").write_text(golden_pictures())
    (GOLDEN / "pages.html.txt").write_text(golden_pages())
