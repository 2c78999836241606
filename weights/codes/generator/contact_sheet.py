"""Draws a contact sheet of a data set's first pictures with their boxes, to look at before training."""

import argparse
import json
from pathlib import Path

import cv2
import numpy as np

_COLOURS = ((60, 200, 60), (230, 120, 30), (40, 40, 230), (200, 60, 200), (30, 190, 230))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shard", help="a folder with annotations.json")
    parser.add_argument("sheet", help="PNG to write")
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--columns", type=int, default=8)
    arguments = parser.parse_args()
    folder = Path(arguments.shard)
    coco = json.loads((folder / "annotations.json").read_text())
    side = 240
    rows = -(-arguments.count // arguments.columns)
    sheet = np.zeros((rows * side, arguments.columns * side, 3), np.uint8)
    for index, entry in enumerate(coco["images"][: arguments.count]):
        picture = cv2.imread(str(folder.parent / entry["file_name"]))
        for annotation in (a for a in coco["annotations"] if a["image_id"] == entry["id"]):
            x, y, width, height = annotation["bbox"]
            corners = [(round(x), round(y)), (round(x + width), round(y + height))]
            cv2.rectangle(picture, *corners, _COLOURS[annotation["category_id"]], 2)
        factor = side / max(picture.shape[:2])
        small = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)[:side, :side]
        top, left = index // arguments.columns * side, index % arguments.columns * side
        sheet[top : top + small.shape[0], left : left + small.shape[1]] = small
    cv2.imwrite(arguments.sheet, sheet)


if __name__ == "__main__":
    main()
