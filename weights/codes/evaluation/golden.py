"""Writes what transformers finds on a folder of PNG pictures: the golden file of `CodesModelGoldenTest`.

Scores and boxes are those of float64; beside them is how far float32 is from that, which is what another implementation in float32 may be off by.
"""

import argparse
from pathlib import Path

import torch

from .detect import Detector

_LEAST_SCORE = 0.2


def _off(row, others):
    """(score, box): how far the nearest row of the same label is."""
    same = [other for other in others if other[1] == row[1]]
    nearest = min(same, key=lambda other: abs(other[0] - row[0]) + max(abs(a - b) for a, b in zip(other[2], row[2])))
    return abs(nearest[0] - row[0]), max(abs(a - b) for a, b in zip(nearest[2], row[2]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model")
    parser.add_argument("pictures", help="folder; golden.csv is written beside the pictures")
    arguments = parser.parse_args()
    exact, usual = Detector(arguments.model, dtype=torch.float64), Detector(arguments.model)
    lines = ["picture,label,score,x0,y0,x1,y1,score_noise,box_noise"]
    for path in sorted(Path(arguments.pictures).glob("*.png")):
        rows, others = exact.detect(path, _LEAST_SCORE)[0], usual.detect(path)[0]
        for score, label, box in rows:
            numbers = ["%.9g" % value for value in (score, *box)] + ["%.2g" % value for value in _off((score, label, box), others)]
            lines.append(",".join([path.name, exact.labels[label], *numbers]))
    Path(arguments.pictures, "golden.csv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
