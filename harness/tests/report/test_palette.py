"""The colours can be read, and told apart by colour-blind readers, too."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import pytest

from harness.report.palette import DARK, LIGHT, MARKS

# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
VISION: Mapping[str, Sequence[Sequence[float]]] = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
Rgb = tuple[float, float, float]


def linear(colour: str) -> Rgb:
    """Return a colour's linear light."""
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return _lit(red), _lit(green), _lit(blue)


def _lit(value: float) -> float:
    return (
        value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)
    )


def contrast(one: str, other: str) -> float:
    """Return WCAG's contrast ratio of two colours."""
    lights = [
        0.2126 * red + 0.7152 * green + 0.0722 * blue
        for red, green, blue in (linear(one), linear(other))
    ]
    return (max(lights) + 0.05) / (min(lights) + 0.05)


def distance(one: str, other: str, vision: str) -> float:
    """Return 100 times the OKLab distance of two colours as someone sees them."""
    seen = [_oklab(_seen(linear(each), vision)) for each in (one, other)]
    return 100 * float(sum((a - b) ** 2 for a, b in zip(*seen, strict=True)) ** 0.5)


def _seen(colour: Rgb, vision: str) -> list[float]:
    return [
        min(1.0, max(0.0, sum(a * b for a, b in zip(row, colour, strict=True))))
        for row in VISION[vision]
    ]


def _oklab(rgb: Sequence[float]) -> list[float]:
    red, green, blue = rgb
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    mid = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return [
        0.2104542553 * long + 0.7936177850 * mid - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * mid + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * mid - 0.8086757660 * short,
    ]


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_text_can_be_read_on_its_ground(palette: Mapping[str, str]) -> None:
    """WCAG AA: 4.5 to 1."""
    for text, grounds in {
        "text": ("ground", "panel", "kept", "weakness", "proof", "shade"),
        "soft": ("ground", "panel", "kept", "weakness", "proof"),
        "link": ("ground", "panel", "kept", "weakness"),
        "on-broke": ("broke",),
    }.items():
        for ground in grounds:
            assert contrast(palette[text], palette[ground]) >= 4.5, (text, ground)


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_marks_are_seen_on_the_ground(palette: Mapping[str, str]) -> None:
    """WCAG 1.4.11: 3 to 1."""
    for mark in MARKS:
        assert contrast(palette[mark], palette["ground"]) >= 3, mark


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_marks_are_told_apart(palette: Mapping[str, str], vision: str) -> None:
    """Also by those who see two colours; a traffic light comes to 0.7."""
    for one, other in combinations(MARKS, 2):
        assert distance(palette[one], palette[other], vision) >= 17.5, (one, other)


def test_both_palettes_name_the_same_colours() -> None:
    """A drawing's colour has a dark twin."""
    assert list(LIGHT) == list(DARK)
    assert set(MARKS) <= set(LIGHT)
