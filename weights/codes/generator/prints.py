"""Flat printed things: labels, packages, pages, screens and bare codes, before the camera sees them."""

from dataclasses import dataclass, field

import cv2
import numpy as np

from . import ink as inks
from . import textures


@dataclass
class Print:
    """A flat picture with its opacity, the ink of the codes on it (0 to 1 a pixel) and their outlines (x, y of four corners)."""

    image: np.ndarray
    opacity: np.ndarray
    ink: np.ndarray
    codes: list = field(default_factory=list)


def _inks(rng):
    """(light, dark): the colours of a code; the first is the ground."""
    draw = rng.random()
    if draw < 0.7:
        light, dark = textures.random_colour(rng, 255, 190), textures.random_colour(rng, 60)
    elif draw < 0.85:  # coloured
        light, dark = rng.uniform(140, 255, 3), rng.uniform(0, 110, 3)
    else:  # low contrast
        light = textures.random_colour(rng, 230, 90)
        dark = np.clip(light - rng.uniform(35, 80), 0, 255)
    if rng.random() < 0.08:
        light, dark = dark, light
    return np.asarray(light, np.float32), np.asarray(dark, np.float32)


def _blend(image, mask, colour):
    image += mask[..., None] * (np.asarray(colour, np.float32) - image)


def _paste(image, mask, colour, left, top):
    """A colour through `mask` at a position, cut at the borders."""
    height, width = image.shape[:2]
    x0, y0, x1, y1 = max(0, left), max(0, top), min(width, left + mask.shape[1]), min(height, top + mask.shape[0])
    if x1 > x0 and y1 > y0:
        _blend(image[y0:y1, x0:x1], mask[y0 - top : y1 - top, x0 - left : x1 - left], colour)


def _line(rng, stock, height, longest):
    mask = stock.line(rng)
    width = int(mask.shape[1] * height / mask.shape[0])
    if width < 3 or height < 2:
        return None
    mask = cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA)[:, :longest]
    return mask.astype(np.float32) / 255


def _panel(rng, image, left, top, width, height, colour):
    """A filled rectangle of the ink's colour; returns a colour that can be read on it."""
    image[top : top + height, left : left + width] = colour
    return textures.random_colour(rng, 255, 150) if colour.mean() < 120 else textures.random_colour(rng, 90)


def _paragraph(rng, image, stock, left, top, width, height, colour):
    if rng.random() < 0.25:  # reversed out: blocks of light text on dark look much like a matrix code
        colour = _panel(rng, image, left, top, width, height, colour)
    size = int(np.clip(rng.uniform(0.04, 0.5) * height, 4, 60))
    pitch = int(size * rng.uniform(1.2, 1.9)) + 1
    for y in range(top, top + height - size + 1, pitch):
        mask = _line(rng, stock, size, width)
        if mask is not None:
            shift = (width - mask.shape[1]) // 2 if rng.random() < 0.2 else 0
            _paste(image, mask, colour, left + shift, y)


def _decoration(rng, image, stock, backgrounds, left, top, width, height, colour):
    """Something that is no code in a rectangle: text mostly, pictures, tables, stripes, logos."""
    choice = rng.random()
    if choice < 0.62 or min(width, height) < 12:
        _paragraph(rng, image, stock, left, top, width, height, colour)
    elif choice < 0.72:
        image[top : top + height, left : left + width] = backgrounds.any(rng, height, width, 0.2)
    elif choice < 0.84:
        image[top : top + height, left : left + width] = textures.lookalike(rng, height, width)
    elif choice < 0.92:
        rows, columns = rng.integers(2, 8), rng.integers(1, 5)
        thickness = int(rng.integers(1, 3))
        for row in range(rows + 1):
            y = top + row * (height - 1) // rows
            cv2.line(image, (left, y), (left + width, y), colour.tolist(), thickness)
        for column in range(columns + 1):
            x = left + column * (width - 1) // columns
            cv2.line(image, (x, top), (x, top + height), colour.tolist(), thickness)
        _paragraph(rng, image, stock, left + 2, top + 2, width - 4, height - 4, colour)
    else:
        centre, radius = (left + width // 2, top + height // 2), max(3, min(width, height) // 2 - 1)
        thickness = -1 if rng.random() < 0.5 else int(rng.integers(1, 5))
        if rng.random() < 0.6:
            cv2.circle(image, centre, radius, colour.tolist(), thickness)
        else:
            cv2.rectangle(image, (left, top), (left + width - 1, top + height - 1), colour.tolist(), thickness)


def _quiet_zone(rng, symbol, width):
    """Pixels of ground around the code; in a third of the cases less than the standard asks."""
    module = width / symbol.modules.shape[1]
    if rng.random() < 0.33:
        return int(rng.uniform(0, 1.5) * module)
    return int(rng.uniform(2, 10) * module) + 1


def _extent(rng, symbol, longest):
    ratio = inks.aspect(rng, symbol)
    width, height = (longest, longest / ratio) if ratio >= 1 else (longest * ratio, longest)
    return max(6, int(round(width))), max(5, int(round(height)))


def _bar_text(rng, symbol, stock, width, height):
    """(mask, x, y from the bars' top) of what is written under a bar code, or None."""
    size = int(np.clip(width * rng.uniform(0.06, 0.12), 4, height))
    text = symbol.text.split("+")[0]
    mask = stock.digits(rng, " ".join(text) if rng.random() < 0.3 else text)
    wide = int(width * rng.uniform(0.6, 1.0))
    mask = cv2.resize(mask, (wide, size), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return mask, (width - wide) // 2, size


def _stamp(rng, image, ink, stock, symbol, left, top, width, height, dark):
    """Prints a code at a place, what is written with it too; `ink` keeps the code alone. Returns its outline."""
    if symbol.label != "barcode":
        modules = inks.matrix_ink(rng, symbol, width, height)
        _paste(image, modules, dark, left, top)
        ink[top : top + height, left : left + width] = modules
    else:
        bars, guarded = inks.barcode_ink(rng, symbol, width, height)
        if rng.random() < 0.75:
            mask, shift, size = _bar_text(rng, symbol, stock, width, height)
            drop = int(min(5.5 * width / symbol.modules.shape[1], height * 0.3)) if guarded else 0
            gap = int(rng.uniform(0, 0.4) * size)
            y = height - drop + gap if rng.random() < 0.9 else -size - gap
            _paste(image, mask, dark, left + shift, top + y)
        _paste(image, bars, dark, left, top)
        ink[top : top + height, left : left + width] = bars
        if symbol.addon is not None:
            extra = int(width * symbol.addon.shape[1] / symbol.modules.shape[1])
            if extra >= 4:
                mask = inks.resized(symbol.addon[:1].astype(np.float32), extra, 1)
                high = int(height * 0.8)
                _paste(image, np.repeat(mask, high, axis=0), dark, left + width + int(width * rng.uniform(0.06, 0.12)), top + height - high)
    return np.array([[left, top], [left + width, top], [left + width, top + height], [left, top + height]], np.float32)


def _rounded(height, width, radius):
    mask = np.zeros((height, width), np.uint8)
    if radius < 2:
        return np.ones((height, width), np.float32)
    cv2.rectangle(mask, (radius, 0), (width - 1 - radius, height - 1), 255, -1)
    cv2.rectangle(mask, (0, radius), (width - 1, height - 1 - radius), 255, -1)
    for x in (radius, width - 1 - radius):
        for y in (radius, height - 1 - radius):
            cv2.circle(mask, (x, y), radius, 255, -1, cv2.LINE_AA)
    return mask.astype(np.float32) / 255


def bare(rng, stock, symbol, longest):
    """A code alone: on a patch of ground, or its ink alone on whatever is below."""
    width, height = _extent(rng, symbol, longest)
    light, dark = _inks(rng)
    border = _quiet_zone(rng, symbol, width)
    total_height, total_width = height + 2 * border, width + 2 * border
    ink = np.zeros((total_height, total_width), np.float32)
    if rng.random() < 0.25:
        # Printed straight on the thing: the ink is opaque, the ground is not there.
        only = np.zeros((total_height, total_width, 3), np.float32)
        outline = _stamp(rng, only, ink, stock, symbol, border, border, width, height, np.ones(3, np.float32))
        opacity = only[..., 0] * rng.uniform(0.75, 1)
        return Print(np.broadcast_to(dark, only.shape).copy(), opacity, ink, [(symbol.label, outline)])
    image = np.broadcast_to(light, (total_height, total_width, 3)).copy()
    outline = _stamp(rng, image, ink, stock, symbol, border, border, width, height, dark)
    corners = _rounded(total_height, total_width, int(border * rng.choice([0, 0, 0.5, 1])))
    return Print(image, corners, ink, [(symbol.label, outline)])


def sheet(rng, stock, backgrounds, symbols, width, height):
    """A label, package or page of a size in pixels; `symbols` is [(symbol, longest side)], each put where it fits."""
    ground = rng.random()
    if ground < 0.65:
        image = np.broadcast_to(textures.random_colour(rng, 255, 170 if rng.random() < 0.6 else 0), (height, width, 3)).astype(np.float32)
        image = image * (1 + 0.04 * textures.noise(rng, height, width, height / 2))[..., None]
    else:
        image = backgrounds.any(rng, height, width, 0.12)
    image = np.ascontiguousarray(image, dtype=np.float32)
    ink = np.zeros((height, width), np.float32)
    taken, codes = [], []

    def free(left, top, wide, high):
        return all(left >= x1 or left + wide <= x0 or top >= y1 or top + high <= y0 for x0, y0, x1, y1 in taken)

    for symbol, longest in symbols:
        wide, high = _extent(rng, symbol, longest)
        border = _quiet_zone(rng, symbol, wide)
        below = int(wide * 0.14) if symbol.label == "barcode" else 0
        if wide + 2 * border > width or high + 2 * border + below > height:
            continue
        for _ in range(12):
            left, top = int(rng.integers(width - wide - 2 * border + 1)), int(rng.integers(height - high - 2 * border - below + 1))
            if not free(left, top, wide + 2 * border, high + 2 * border + below):
                continue
            light, dark = _inks(rng)
            if rng.random() < 0.8:
                image[top : top + high + 2 * border + below, left : left + wide + 2 * border] = light
            else:
                dark = np.zeros(3) if image[top : top + high, left : left + wide].mean() > 110 else np.full(3, 245.0)
            outline = _stamp(rng, image, ink, stock, symbol, left + border, top + border, wide, high, np.asarray(dark, np.float32))
            codes.append((symbol.label, outline))
            right = int(wide * 0.8) if symbol.addon is not None else 0
            taken.append((left, top, left + wide + 2 * border + right, top + high + 2 * border + below))
            break
    for _ in range(int(rng.integers(0, 14))):
        wide, high = int(width * rng.uniform(0.08, 0.9)), int(height * rng.uniform(0.03, 0.5))
        left, top = int(rng.integers(max(1, width - wide))), int(rng.integers(max(1, height - high)))
        if min(wide, high) < 5 or not free(left, top, wide, high):
            continue
        lightness = image[top : top + high, left : left + wide].mean()
        colour = textures.random_colour(rng, 90) if lightness > 120 else textures.random_colour(rng, 255, 150)
        _decoration(rng, image, stock, backgrounds, left, top, wide, high, colour)
        taken.append((left, top, left + wide, top + high))
    corners = _rounded(height, width, int(min(height, width) * rng.choice([0, 0, 0, 0.05, 0.12])))
    return Print(image, corners, ink, codes)
