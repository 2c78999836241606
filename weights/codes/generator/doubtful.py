"""Draws the codes that are hardest to see, by how closely the picture follows their ink, to judge where the rule for them should be."""

import argparse

import cv2
import numpy as np

from . import visibility
from .make_dataset import load_fonts, load_photographs, make_scenes

_SIDE, _COLUMNS, _ROWS = 150, 12, 10


def _tile(picture, polygon, value):
    low, high = polygon.min(0), polygon.max(0)
    reach, centre = 0.8 * max(high - low) + 12, (low + high) / 2
    x0, y0 = np.maximum(centre - reach, 0).astype(int)
    x1, y1 = (centre + reach).astype(int)
    part = np.ascontiguousarray(picture[y0:y1, x0:x1])
    cv2.rectangle(part, *((np.round(corner) - [x0, y0]).astype(int).tolist() for corner in (low, high)), (0, 0, 255), 1)
    factor = _SIDE / max(part.shape[:2])
    part = cv2.resize(part, None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR if factor > 1 else cv2.INTER_AREA)
    tile = np.zeros((_SIDE, _SIDE, 3), np.uint8)
    tile[: part.shape[0], : part.shape[1]] = part[:_SIDE, :_SIDE]
    cv2.putText(tile, "%.2f" % value, (2, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 255, 255))
    return tile


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sheet", help="PNG to write: twelve codes a row, a row for each tenth of the correlation from 0")
    parser.add_argument("--seed", type=int, default=99)
    parser.add_argument("--count", type=int, default=1000, help="pictures to draw")
    parser.add_argument("--photographs", nargs="*", default=[], help="as for generator.make_dataset")
    parser.add_argument("--fonts", nargs="+", required=True, help="as for generator.make_dataset")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    scenes = make_scenes(arguments.seed, 0, load_photographs(arguments.photographs), load_fonts(arguments.fonts))
    rows, seen, below = [[] for _ in range(_ROWS)], 0, 0
    for index in range(arguments.count):
        picture, ink, codes = scenes.attempt(np.random.default_rng((arguments.seed, 0, index)))
        for _, polygon in codes:
            if visibility.contrast(picture, polygon) < visibility.LEAST_CONTRAST:
                continue
            value = visibility.correlation(picture, ink, polygon)
            seen, below = seen + 1, below + (value < visibility.LEAST_CORRELATION)
            row = rows[min(_ROWS - 1, int(value * _ROWS))]
            if len(row) < _COLUMNS:
                row.append(_tile(picture, polygon, value))
    blank = np.zeros((_SIDE, _SIDE, 3), np.uint8)
    cv2.imwrite(arguments.sheet, np.vstack([np.hstack(row + [blank] * (_COLUMNS - len(row))) for row in rows]))
    print("%d of %d codes with contrast are below %.2f" % (below, seen, visibility.LEAST_CORRELATION))


if __name__ == "__main__":
    main()
