"""Writes what transformers finds on a folder of PNG pictures: the golden file of `CodesModelGoldenTest`."""

import argparse
from pathlib import Path

from .detect import Detector

_KEPT = 20


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("pictures", help="folder; golden.csv is written beside the pictures")
    arguments = parser.parse_args()
    detector, lines = Detector(arguments.model), ["picture,label,score,x0,y0,x1,y1"]
    for path in sorted(Path(arguments.pictures).glob("*.png")):
        rows, _ = detector.detect(path)
        lines += [",".join([path.name, detector.labels[label], *("%.9g" % value for value in (score, *box))]) for score, label, box in rows[:_KEPT]]
    Path(arguments.pictures, "golden.csv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
