"""A symbol's ink: how dark each pixel is when it is printed at a given size."""

import cv2
import numpy as np

_FINE = 6  # subpixels a module for shapes other than squares


def resized(ink, width, height):
    """Box-filtered to any size, as a sensor would see it."""
    rows, columns = ink.shape
    enlarged = cv2.resize(ink, (columns * -(-width * 2 // columns), rows * -(-height * 2 // rows)), interpolation=cv2.INTER_NEAREST)
    return cv2.resize(enlarged, (width, height), interpolation=cv2.INTER_AREA)


def _shaped(rng, modules):
    """Modules as dots, rounded or with gained or lost ink, `_FINE` pixels each."""
    fine = np.kron(modules, np.ones((_FINE, _FINE), np.float32))
    style = rng.integers(3)
    if style == 0:
        y, x = np.mgrid[0:_FINE, 0:_FINE] - (_FINE - 1) / 2
        dot = (np.hypot(x, y) <= rng.uniform(0.32, 0.52) * _FINE).astype(np.float32)
        return fine * np.tile(dot, modules.shape)
    if style == 1:
        return np.clip((cv2.GaussianBlur(fine, (0, 0), _FINE * 0.3) - 0.5) * 4 + 0.5, 0, 1)
    kernel = np.ones((2, 2), np.uint8)
    return cv2.dilate(fine, kernel) if rng.random() < 0.5 else cv2.erode(fine, kernel)


def _torn(rng, modules):
    """PDF417 without its stop pattern, and with a part of its start pattern alone: readers need no more."""
    start, stop = 17, 18
    rows, columns = modules.shape
    left = modules.copy()
    if rng.random() < 0.7:
        left = left[:, : columns - stop - rng.integers(0, 12)]
    if rng.random() < 0.7 and rows >= 6:
        kept = max(2, int(rows * rng.uniform(0.25, 0.8)))
        first = rng.integers(0, rows - kept + 1)
        left[:first, :start], left[first + kept :, :start] = 0, 0
    return left


def matrix_ink(rng, symbol, width, height):
    modules = symbol.modules.astype(np.float32)
    if symbol.kind == "pdf417" and rng.random() < 0.15:
        modules = _torn(rng, modules)
    small = modules.size < 6000
    if symbol.label != "pdf417" and small and rng.random() < 0.2:
        modules = _shaped(rng, modules)
    ink = resized(modules, width, height)
    if symbol.kind == "qr" and rng.random() < 0.08:  # a logo in the middle; error correction bears it
        share = rng.uniform(0.12, 0.28)
        top, left = int(height * (1 - share) / 2), int(width * (1 - share) / 2)
        bottom, right = height - top, width - left
        ink[top:bottom, left:right] = 0
        if rng.random() < 0.6:
            radius = max(1, int(width * share * rng.uniform(0.2, 0.42)))
            cv2.circle(ink, (width // 2, height // 2), radius, float(rng.uniform(0.4, 1)), -1)
    return ink


_GUARDS = {95: (slice(0, 3), slice(45, 50), slice(92, 95)), 67: (slice(0, 3), slice(31, 36), slice(64, 67)), 51: (slice(0, 3), slice(45, 51))}


def barcode_ink(rng, symbol, width, height):
    """Bars `height` pixels high at the highest; the guard bars of EAN and UPC may reach below the others."""
    bars = symbol.modules[0].astype(np.float32)
    row = resized(bars[None, :], width, 1)[0]
    ink = np.repeat(row[None, :], height, axis=0)
    guarded = symbol.kind in ("ean", "upca", "upce") and bars.size in _GUARDS and rng.random() < 0.75
    if guarded:
        drop = int(round(min(5.5 * width / bars.size, height * 0.3)))
        only = np.zeros_like(bars)
        for part in _GUARDS[bars.size]:
            only[part] = bars[part]
        if symbol.kind == "upca":
            only[:10], only[85:] = bars[:10], bars[85:]
        if drop:
            ink[height - drop :] = resized(only[None, :], width, 1)
    return ink, guarded


def aspect(rng, symbol):
    """Width over height of the printed symbol."""
    rows, columns = symbol.modules.shape
    if symbol.label == "pdf417":
        return columns / (rows * rng.uniform(2, 4.5))
    if symbol.label == "barcode":
        return float(np.exp(rng.uniform(np.log(0.9), np.log(5.5))))
    return columns / rows
