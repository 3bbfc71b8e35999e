"""Write the golden pictures anew; look at them before you commit them."""

from harness.tests.report.test_pictures import GOLDEN, golden_pictures

if __name__ == "__main__":
    (GOLDEN / "pictures.svg.txt").write_text(golden_pictures())
