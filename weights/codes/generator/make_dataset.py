"""Writes a data set: pictures as JPEG and their annotations in COCO's format, one shard of pictures after the other.

The same seed, shard and sources give the same pictures. A shard that is complete is left as it is, so an interrupted run goes on.
"""

import argparse
import json
import os
import time
from pathlib import Path

import cv2
import numpy as np
from PIL import ImageFont

from .scene import SceneMaker
from .symbols import LABELS, encode_symbols
from .text import TextStock
from .textures import Backgrounds

_SYMBOLS_PER_LABEL = 160


def load_photographs(folders, longest=900):
    """The pictures below the folders, in the order of their names, made small enough to crop from quickly."""
    suffixes = {".jpg", ".jpeg", ".png", ".webp"}
    paths = sorted(path for folder in folders for path in Path(folder).rglob("*") if path.suffix.lower() in suffixes and path.is_file())
    photographs = []
    for path in paths:
        picture = cv2.imread(str(path), cv2.IMREAD_REDUCED_COLOR_2)
        if picture is None or min(picture.shape[:2]) < 200:
            continue
        factor = min(1.0, longest / max(picture.shape[:2]))
        photographs.append(cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA))
    return photographs


def load_fonts(folders):
    """Fonts that hold Latin letters and digits."""
    paths = sorted(path for folder in folders for path in Path(folder).rglob("*.ttf"))
    return [path for path in paths if _draws_latin(path)]


def _draws_latin(path):
    font = ImageFont.truetype(str(path), 16)
    missing = bytes(font.getmask("\uffff"))
    return all(bytes(font.getmask(letter)) != missing for letter in "aR7")


def make_scenes(seed, shard, photographs, fonts):
    """What draws the pictures of a shard, with symbols and words of its own."""
    rng = np.random.default_rng((seed, shard))
    return SceneMaker(encode_symbols(rng, _SYMBOLS_PER_LABEL), TextStock(rng, fonts, 250), Backgrounds(photographs))


def write_shard(output, seed, shard, size, photographs, fonts, pause_file):
    folder = Path(output, "shard-%05d" % shard)
    annotations = folder / "annotations.json"
    if annotations.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    maker = make_scenes(seed, shard, photographs, fonts)
    images, boxes = [], []
    for index in range(size):
        while pause_file and os.path.exists(pause_file):
            time.sleep(2)
        picture, codes = maker.make(np.random.default_rng((seed, shard, index)))
        identity = shard * size + index
        name = "%08d.jpg" % identity
        cv2.imwrite(str(folder / name), picture, [cv2.IMWRITE_JPEG_QUALITY, 92])
        images.append({"id": identity, "file_name": folder.name + "/" + name, "width": picture.shape[1], "height": picture.shape[0]})
        for label, polygon in codes:
            (x0, y0), (x1, y1) = polygon.min(0), polygon.max(0)
            box = [round(float(value), 2) for value in (x0, y0, x1 - x0, y1 - y0)]
            boxes.append(
                {
                    "id": identity * 100 + len(boxes) % 100 + 1,  # none is 0, which pycocotools takes for no match
                    "image_id": identity,
                    "category_id": LABELS.index(label),
                    "bbox": box,
                    "area": round(box[2] * box[3], 2),
                    "iscrowd": 0,
                    "segmentation": [[round(float(value), 2) for value in polygon.ravel()]],
                }
            )
    categories = [{"id": index, "name": label} for index, label in enumerate(LABELS)]
    unfinished = annotations.with_suffix(".tmp")
    unfinished.write_text(json.dumps({"images": images, "annotations": boxes, "categories": categories}))
    unfinished.rename(annotations)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("output", help="folder for the shards")
    parser.add_argument("--seed", type=int, required=True, help="training and validation sets take different seeds")
    parser.add_argument("--first", type=int, default=0, help="first shard")
    parser.add_argument("--shards", type=int, required=True)
    parser.add_argument("--step", type=int, default=1, help="distance between shards, for several processes side by side")
    parser.add_argument("--size", type=int, default=500, help="pictures a shard")
    parser.add_argument("--photographs", nargs="*", default=[], help="folders of pictures without codes to use as backgrounds")
    parser.add_argument("--fonts", nargs="+", required=True, help="folders of TrueType fonts")
    parser.add_argument("--pause-file", help="wait while this file exists")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    photographs, fonts = load_photographs(arguments.photographs), load_fonts(arguments.fonts)
    for shard in range(arguments.first, arguments.shards, arguments.step):
        start = time.time()
        write_shard(arguments.output, arguments.seed, shard, arguments.size, photographs, fonts, arguments.pause_file)
        print("shard %d: %.1f s" % (shard, time.time() - start), flush=True)


if __name__ == "__main__":
    main()
