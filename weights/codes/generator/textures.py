"""Backgrounds: crops of photographs, and procedural surfaces, many of which look like codes from afar."""

import cv2
import numpy as np


def random_colour(rng, lightest=255, darkest=0):
    """A BGR colour; most are close to grey, as most objects are."""
    grey = rng.uniform(darkest, lightest)
    spread = rng.choice([5.0, 25.0, 90.0], p=(0.5, 0.3, 0.2))
    return np.clip(grey + rng.normal(0, spread, 3), darkest, lightest).astype(np.float32)


def noise(rng, height, width, cell_y, cell_x=None):
    """Smooth noise in -1..1 whose features are about `cell` pixels large."""
    cell_x = cell_x or cell_y
    rows, columns = max(2, int(height / cell_y) + 2), max(2, int(width / cell_x) + 2)
    grid = rng.normal(0, 0.5, (rows, columns)).astype(np.float32)
    return np.clip(cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC), -1, 1)


def _coordinates(rng, height, width):
    angle = rng.choice([0.0, np.pi / 2, rng.uniform(0, np.pi)], p=(0.35, 0.25, 0.4))
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    # A little perspective and waviness: real surfaces are seldom seen straight on.
    bend = 1 + rng.uniform(-0.3, 0.3) * (x / width - 0.5) + rng.uniform(-0.3, 0.3) * (y / height - 0.5)
    u = (np.cos(angle) * x + np.sin(angle) * y) * bend + rng.uniform(0, 4) * noise(rng, height, width, height / 3)
    v = (-np.sin(angle) * x + np.cos(angle) * y) * bend
    return u, v


def _paint(mask, first, second):
    return first + mask[..., None] * (second - first)


def _stripes(rng, height, width):
    u, _ = _coordinates(rng, height, width)
    period = np.exp(rng.uniform(np.log(4), np.log(50)))
    edge = rng.uniform(1, 8)
    return np.clip(0.5 + edge * (np.sin(u * 2 * np.pi / period) + rng.uniform(-0.6, 0.6)) / 2, 0, 1)


def _uneven_stripes(rng, height, width):
    """Bars of random widths without the frame of a code: shelves, book backs, blinds, fences."""
    u, _ = _coordinates(rng, height, width)
    step = rng.uniform(3, 16)
    values = rng.random(4096) if rng.random() < 0.4 else (rng.random(4096) < 0.5).astype(np.float64)
    return values[(np.abs(u) / step).astype(int) % 4096].astype(np.float32)


def _grid(rng, height, width):
    u, v = _coordinates(rng, height, width)
    period_u = np.exp(rng.uniform(np.log(6), np.log(60)))
    period_v = period_u * rng.choice([1.0, rng.uniform(0.4, 3)])
    line = rng.uniform(0.08, 0.4)
    return ((u % period_u < line * period_u) | (v % period_v < line * period_v)).astype(np.float32)


def _bricks(rng, height, width):
    u, v = _coordinates(rng, height, width)
    high = np.exp(rng.uniform(np.log(6), np.log(40)))
    wide = high * rng.uniform(1.5, 4)
    row = np.floor(v / high)
    shifted = u + row * wide * 0.5
    joints = (v % high < 0.12 * high) | (shifted % wide < 0.12 * high)
    shades = rng.uniform(0, 0.6, 997)[(np.abs(row * 31 + np.floor(shifted / wide))).astype(int) % 997]
    return np.where(joints, 1.0, shades).astype(np.float32)


def _cells(rng, height, width):
    """Cells of random shade in a grid: mosaics, punched metal, pixel patterns, much like a matrix code without its finder."""
    u, v = _coordinates(rng, height, width)
    period = np.exp(rng.uniform(np.log(4), np.log(28)))
    stretch = rng.choice([1.0, rng.uniform(1, 4)])
    column, row = np.floor(u / period).astype(int), np.floor(v / (period * stretch)).astype(int)
    shades = rng.random(8191) if rng.random() < 0.6 else (rng.random(8191) < rng.uniform(0.3, 0.7)).astype(np.float64)
    mask = shades[(np.abs(column * 92821 + row * 68917)) % 8191].astype(np.float32)
    gap = rng.uniform(0, 0.5)
    if gap > 0.12:
        inside = (u % period > gap * period) & (v % (period * stretch) > gap * period)
        mask = np.where(inside, mask, 0)
    return mask


def _dots(rng, height, width):
    u, v = _coordinates(rng, height, width)
    period = np.exp(rng.uniform(np.log(5), np.log(40)))
    shift = np.floor(v / period) % 2 * period * rng.choice([0.0, 0.5])
    distance = np.hypot((u + shift) % period - period / 2, v % period - period / 2)
    return (distance < rng.uniform(0.2, 0.48) * period).astype(np.float32)


def _rings(rng, height, width):
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    u, v = x - rng.uniform(0, width), (y - rng.uniform(0, height)) * rng.uniform(0.6, 1.6)
    distance = np.hypot(u, v) if rng.random() < 0.6 else np.maximum(np.abs(u), np.abs(v))
    return (np.sin(distance * 2 * np.pi / rng.uniform(6, 50)) > rng.uniform(-0.5, 0.5)).astype(np.float32)


def _fibres(rng, height, width):
    """Carpet, fabric, wood: noise stretched along one direction, in several octaves."""
    cell = np.exp(rng.uniform(np.log(2), np.log(12)))
    stretch = np.exp(rng.uniform(np.log(1), np.log(12)))
    mask = sum(noise(rng, height, width, cell * scale, cell * scale * stretch) / (1 + index) for index, scale in enumerate((1, 2, 4)))
    if rng.random() < 0.5:  # tiles laid in alternating directions
        size = int(rng.uniform(0.2, 0.6) * width) + 2
        y, x = np.mgrid[0:height, 0:width] // size
        other = cv2.resize(np.ascontiguousarray(mask.T), (width, height))
        mask = np.where((x + y) % 2 == 0, mask, other)
    if rng.random() < 0.5:
        mask = mask.T if height == width else np.ascontiguousarray(mask[:, ::-1])
    return np.clip(0.5 + mask * rng.uniform(0.3, 1.0), 0, 1)


def _keys(rng, height, width):
    u, v = _coordinates(rng, height, width)
    period = rng.uniform(18, 60)
    gap = rng.uniform(0.08, 0.25)
    row = np.floor(v / period)
    shifted = u + row * period * 0.3
    mask = ((shifted % period > gap * period) & (v % period > gap * period)).astype(np.float32)
    ink = (np.hypot(shifted % period - period * 0.55, v % period - period * 0.5) < 0.14 * period) & (noise(rng, height, width, 3) > 0)
    return np.where(ink, 0.0, mask).astype(np.float32)


def _plain(rng, height, width):
    return np.clip(0.5 + 0.3 * noise(rng, height, width, height / 2) + rng.uniform(0, 0.15) * noise(rng, height, width, 2.5), 0, 1)


_LOOKALIKES = (_stripes, _uneven_stripes, _grid, _bricks, _cells, _dots, _rings, _fibres, _keys)


def lookalike(rng, height, width):
    """A surface of stripes, cells, dots … that is no code."""
    kind = _LOOKALIKES[rng.integers(len(_LOOKALIKES))]
    mask = kind(rng, height, width)
    if rng.random() < 0.5:
        mask = np.clip(mask + rng.uniform(0.05, 0.3) * noise(rng, height, width, rng.uniform(1.5, 20)), 0, 1)
    return _paint(mask, random_colour(rng), random_colour(rng))


def skin(rng, height, width):
    base = np.array([rng.uniform(70, 170), rng.uniform(95, 190), rng.uniform(140, 235)], np.float32) * rng.uniform(0.4, 1.05)
    mask = 0.5 + 0.4 * noise(rng, height, width, height / 3) + 0.08 * noise(rng, height, width, 4)
    return _paint(np.clip(mask, 0, 1), base * 0.7, np.clip(base * 1.15, 0, 255))


class Backgrounds:
    """Gives backgrounds of any size; `photographs` are BGR pictures to crop from."""

    def __init__(self, photographs):
        self._photographs = photographs

    def photograph(self, rng, height, width):
        source = self._photographs[rng.integers(len(self._photographs))]
        rows, columns = source.shape[:2]
        share = np.exp(rng.uniform(np.log(0.12), 0))
        high = max(8, int(min(rows, columns * height / width) * share))
        wide = max(8, int(high * width / height))
        top, left = rng.integers(max(1, rows - high)), rng.integers(max(1, columns - wide))
        crop = source[top : top + high, left : left + wide]
        if rng.random() < 0.5:
            crop = crop[:, ::-1]
        interpolation = cv2.INTER_AREA if high > height else cv2.INTER_CUBIC
        return cv2.resize(np.ascontiguousarray(crop), (width, height), interpolation=interpolation).astype(np.float32)

    def any(self, rng, height, width, busy):
        """A background; `busy` is the chance of one that looks like a code."""
        choice = rng.random()
        if choice < busy:
            return lookalike(rng, height, width)
        if choice < busy + (1 - busy) * 0.4 and self._photographs:
            return self.photograph(rng, height, width)
        if choice > 0.95:
            return skin(rng, height, width)
        return _paint(_plain(rng, height, width), random_colour(rng), random_colour(rng) * rng.uniform(0.5, 1))
