"""Lines of random text as grey masks, drawn once and pasted at any size."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

_SYLLABLES = "ka lo mi ter na vis pro den ox ul ra bel con sta fi gum er ing tion al de la su per mo ve li ne".split()
_FORMS = ("words", "title", "capitals", "number", "price", "url")


def _word(rng):
    return "".join(rng.choice(_SYLLABLES, rng.integers(1, 4)))


def _line(rng):
    form = rng.choice(_FORMS, p=(0.4, 0.15, 0.2, 0.12, 0.06, 0.07))
    if form == "number":
        return "".join(rng.choice(list("0123456789- "), rng.integers(5, 16)))
    if form == "price":
        return "%s%.2f" % (rng.choice(["$", "€", "EUR "]), rng.uniform(1, 99))
    if form == "url":
        return "www." + _word(rng) + ".com"
    words = " ".join(_word(rng) for _ in range(rng.integers(1, 8)))
    return words.title() if form == "title" else words.upper() if form == "capitals" else words + rng.choice(["", ".", ","])


def draw_line(text, font):
    """The mask (uint8, 255 = ink) of one line, cut to its ink."""
    left, top, right, bottom = font.getbbox(text)
    image = Image.new("L", (max(1, right - left + 2), max(1, bottom - top + 2)))
    ImageDraw.Draw(image).text((1 - left, 1 - top), text, fill=255, font=font)
    return np.asarray(image)


class TextStock:
    """A stock of lines in many fonts; `digits` draws the text under a bar code."""

    def __init__(self, rng, font_files, lines):
        self._fonts = [ImageFont.truetype(str(path), 28) for path in rng.choice(font_files, min(24, len(font_files)), replace=False)]
        self._lines = [draw_line(_line(rng), self._fonts[rng.integers(len(self._fonts))]) for _ in range(lines)]

    def line(self, rng):
        return self._lines[rng.integers(len(self._lines))]

    def digits(self, rng, text):
        return draw_line(text, self._fonts[rng.integers(len(self._fonts))])
