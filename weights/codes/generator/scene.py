"""Composes one picture: a background, printed things in their poses, what lies on them, the camera."""

import cv2
import numpy as np

from . import camera, prints, textures, visibility, warp
from .symbols import LABELS

_SHAPES = ((320, 320), (320, 427), (427, 320), (320, 480), (480, 320), (300, 400), (240, 320), (400, 400))
_LEAST_MODULE = 1.25  # pixels, where a symbol of that size can be had


class SceneMaker:
    def __init__(self, symbols, stock, backgrounds):
        self._symbols, self._stock, self._backgrounds = symbols, stock, backgrounds

    def _symbol(self, rng, longest):
        """A symbol to be drawn about `longest` pixels long: if it can be, one whose modules are not lost between the pixels."""
        pool = self._symbols[LABELS[rng.integers(len(LABELS))]]
        symbol = pool[rng.integers(len(pool))]
        for _ in range(10):
            other = pool[rng.integers(len(pool))]
            if _LEAST_MODULE * max(symbol.modules.shape) <= longest:
                break
            if max(other.modules.shape) < max(symbol.modules.shape):
                symbol = other
        return symbol

    def _print(self, rng, share, width, height):
        """One printed thing whose main code is about `share` of the picture long; None for no code."""
        symbol, longest = None, None
        if share is not None:
            symbol = self._symbol(rng, max(9, share * min(width, height)))
            longest = max(9, share * _room(rng, symbol, width, height))
            if rng.random() < 0.4:
                return prints.bare(rng, self._stock, symbol, longest)
        main = longest or rng.uniform(0.1, 0.6) * min(width, height)
        whole = rng.random() < 0.45  # a page or package that fills the picture, or a label
        if whole:
            wide, high = int(width * rng.uniform(0.9, 1.6)), int(height * rng.uniform(0.9, 1.6))
        else:
            wide, high = int(main * rng.uniform(1.15, 3)), int(main * rng.uniform(0.9, 2.5))
        wide, high = int(np.clip(wide, 24, 1.7 * width)), int(np.clip(high, 24, 1.7 * height))
        symbols = []
        if longest is not None:
            symbols.append((symbol, longest))
            while rng.random() < 0.25 and len(symbols) < 6:
                another = longest * np.exp(rng.uniform(-1.2, 0.4))
                symbols.append((self._symbol(rng, another), another))
        return prints.sheet(rng, self._stock, self._backgrounds, symbols, wide, high)

    def _place(self, rng, printed, pose, width, height):
        """Moves the pose so that a code (or the print) lies where it can be seen."""
        if printed.codes:
            points = warp.outline(printed.codes[rng.integers(len(printed.codes))][1].astype(np.float64), pose)
        else:
            rows, columns = printed.image.shape[:2]
            points = pose.forward(np.array([[columns * 0.3, rows * 0.3], [columns * 0.7, rows * 0.7]]))
        low, high = points.min(0), points.max(0)
        free = np.array([width, height]) - (high - low)
        beyond = 0.15 * (high - low) if rng.random() < 0.06 else np.array([-1.0, -1.0])
        span = np.maximum(free + 2 * beyond, 0)
        start = np.where(free + 2 * beyond > 0, -beyond, free / 2)
        pose.move(start + rng.random(2) * span - low)

    def _hand(self, rng, picture, codes):
        """A finger or another thing over the picture, where it hides little of each code."""
        height, width = picture.shape[:2]
        for _ in range(5):
            size = rng.uniform(0.06, 0.2) * width
            length, angle = size * rng.uniform(1.2, 4), rng.uniform(0, np.pi)
            centre = np.array([rng.uniform(0, width), rng.uniform(0, height)])
            if codes and rng.random() < 0.5:
                polygon = codes[rng.integers(len(codes))][1]
                centre = polygon[rng.integers(len(polygon))] + rng.normal(0, size / 2, 2)
            mask = np.zeros((height, width), np.uint8)
            cv2.ellipse(mask, (centre.tolist(), (float(size), float(length)), float(np.degrees(angle))), 255, -1, cv2.LINE_AA)
            if all(visibility.covered(mask, polygon) <= visibility.HIDDEN for _, polygon in codes):
                surface = textures.skin(rng, height, width) if rng.random() < 0.7 else self._backgrounds.any(rng, height, width, 0.2)
                soft = cv2.GaussianBlur(mask, (0, 0), rng.uniform(0.6, 2.5)).astype(np.float32)[..., None] / 255
                return picture + soft * (surface - picture)
        return picture

    def make(self, rng):
        """(picture, [(label, outline)]): BGR of 8 bits, outlines clipped to the picture; every code can be seen."""
        while True:
            picture, ink, codes = self.attempt(rng)
            if all(visibility.stands_out(picture, ink, polygon) for _, polygon in codes):
                return picture, codes

    def attempt(self, rng):
        """(picture, ink of its codes, [(label, outline)]), whether each code can be seen or not."""
        height, width = _SHAPES[rng.integers(len(_SHAPES))]
        empty = rng.random() < 0.2
        picture = np.ascontiguousarray(self._backgrounds.any(rng, height, width, 0.6 if empty else 0.25), np.float32)
        ink, codes = np.zeros((height, width), np.float32), []
        count = rng.integers(0, 3) if empty else rng.choice([1, 2, 3, 4], p=(0.6, 0.2, 0.12, 0.08))
        for index in range(count):
            largest = 0.95 if count == 1 else 0.6
            share = np.exp(rng.uniform(np.log(0.05), np.log(largest))) if rng.random() < 0.4 else rng.uniform(0.15, largest)
            printed = self._print(rng, None if empty else share, width, height)
            if not empty and not printed.codes:
                continue
            for _ in range(6):
                pose = warp.Pose(rng, printed.image.shape[1], printed.image.shape[0])
                self._place(rng, printed, pose, width, height)
                found = [(label, warp.outline(corners.astype(np.float64), pose)) for label, corners in printed.codes]
                if not visibility.all_inside(found, width, height):
                    continue
                before = picture.copy()
                opacity, drawn = warp.project(picture, printed, pose)
                for _, polygon in found:  # ink without ground covers little, and still spoils what is below
                    cv2.fillPoly(opacity, [np.round(polygon).astype(np.int32)], 1.0)
                hides = any(visibility.covered(opacity, polygon) > 0.03 for _, polygon in codes)
                if hides or any(visibility.change(before, picture, polygon) < visibility.LEAST_CONTRAST for _, polygon in found):
                    picture = before
                    continue
                ink = np.maximum(ink, drawn)
                codes += [(label, polygon) for label, polygon in found if visibility.inside(polygon, width, height) > 0]
                break
        if rng.random() < 0.2:
            picture = self._hand(rng, picture, codes)
        if rng.random() < 0.15:
            picture = camera.dirt(rng, np.ascontiguousarray(picture, np.float32))
        picture = camera.expose(rng, camera.light(rng, picture).astype(np.float32))
        return picture, ink, [(label, warp.clip_polygon(polygon, width, height)) for label, polygon in codes]


def _room(rng, symbol, width, height):
    """The side of the picture that a code's length goes by: the shorter one, and mostly the width for codes that are long and low."""
    if symbol.label not in ("pdf417", "barcode"):
        return min(width, height)
    return width if rng.random() < 0.75 else max(width, height)
