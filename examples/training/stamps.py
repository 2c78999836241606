"""Photographed things pasted on photographs, as a detection set in COCO's format.

`python stamps.py STAMPS OUT --backgrounds FOLDER ...`: STAMPS is usr/share/tuxpaint/stamps of the unpacked Debian package
tuxpaint-stamps-default. Every third thing of a class and every fourth background are kept for validation, so that a model is measured on
things that it has never seen. With --same-things only the backgrounds differ, which is far easier.
"""

import argparse
import json
import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

Image.MAX_IMAGE_PIXELS = None

CLASSES = {
    "fruit": "food/fruit",
    "vegetable": "food/vegetables",
    "bird": "animals/birds",
    "flower": "plants/flowers",
    "road_sign": "town/roadsigns",
    "tool": "household/tools",
}
ROAD_SIGN = list(CLASSES).index("road_sign")
SIZES = [(480, 360), (360, 480), (512, 384), (448, 336)]
VISIBLE = 40  # the least opacity of what counts as a part of a thing
SEED = 20261129


def opaque(picture):
    return picture.getchannel("A").point(lambda a: 255 if a > VISIBLE else 0).getbbox()


def things(root, held_out, same):
    """[(class, picture)] of one of the two sets."""
    found = []
    for label, folder in enumerate(CLASSES.values()):
        paths = sorted((root / folder).glob("*.png"))
        for path in (p for i, p in enumerate(paths) if same or (i % 3 == 2) == held_out):
            picture = Image.open(path).convert("RGBA")
            if max(picture.size) >= 44:
                found.append((label, picture.crop(opaque(picture))))
    return found


def backgrounds(folders, held_out):
    endings = (".jpg", ".jpeg", ".png", ".webp")
    paths = sorted(p for f in folders for p in Path(f).rglob("*") if p.suffix.lower() in endings and p.stat().st_size > 100_000)
    found = []
    for path in (p for i, p in enumerate(paths) if (i % 4 == 3) == held_out):
        picture = Image.open(path).convert("RGB")
        picture.thumbnail((1400, 1400))
        found.append(picture)
    return found


def covers(a, b):
    """Whether two boxes share more than 0.3 of the smaller one."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    least = min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
    return max(0, width) * max(0, height) > 0.3 * least


def turned(rng, stamp, label, side):
    """A thing of this size, mirrored half of the time unless it has writing, and a little turned."""
    if label != ROAD_SIGN and rng.random() < 0.5:
        stamp = stamp.transpose(Image.FLIP_LEFT_RIGHT)
    zoom = side / max(stamp.size)
    stamp = stamp.resize((max(6, round(stamp.width * zoom)), max(6, round(stamp.height * zoom))), Image.BICUBIC)
    stamp = stamp.rotate(rng.normal(0, 14), Image.BICUBIC, expand=True)
    box = opaque(stamp)
    return None if box is None else stamp.crop(box)


def paste(rng, picture, stamp, x, y, side):
    """With a soft shadow, in light of its own."""
    rgb = ImageEnhance.Brightness(stamp.convert("RGB")).enhance(rng.uniform(0.7, 1.2))
    rgb = ImageEnhance.Color(rgb).enhance(rng.uniform(0.6, 1.2))
    soft = stamp.getchannel("A").filter(ImageFilter.GaussianBlur(max(2, side / 25)))
    shift = int(side / 20)
    picture.paste(Image.new("RGB", stamp.size), (x + shift, y + shift), soft.point(lambda a: int(a * 0.35)))
    picture.paste(rgb, (x, y), stamp.getchannel("A"))


def ground(rng, grounds, width, height):
    """A part of a background."""
    whole = grounds[rng.integers(len(grounds))]
    w = min(whole.width, int(whole.height * width / height)) * rng.uniform(0.35, 1.0)
    h = w * height / width
    x, y = rng.uniform(0, whole.width - w), rng.uniform(0, whole.height - h)
    return whole.resize((width, height), Image.BICUBIC, (x, y, x + w, y + h))


def scene(rng, stamps, grounds):
    """(picture, [(class, x0, y0, x1, y1)])."""
    width, height = SIZES[rng.integers(len(SIZES))]
    picture = ground(rng, grounds, width, height)
    found = []
    for _ in range(rng.integers(1, 7)):
        label = int(rng.integers(len(CLASSES)))
        choice = [p for k, p in stamps if k == label]
        side = min(width, height) * math.exp(rng.uniform(math.log(0.13), math.log(0.6)))
        stamp = turned(rng, choice[rng.integers(len(choice))], label, side)
        if stamp is None:
            continue
        # Up to 0.15 of a thing may lie outside.
        x = int(rng.uniform(-0.15 * stamp.width, width - 0.85 * stamp.width))
        y = int(rng.uniform(-0.15 * stamp.height, height - 0.85 * stamp.height))
        box = (max(0, x), max(0, y), min(width, x + stamp.width), min(height, y + stamp.height))
        if any(covers(box, other[1:]) for other in found):
            continue
        paste(rng, picture, stamp, x, y, side)
        found.append((label, *box))
    picture = ImageEnhance.Contrast(picture).enhance(rng.uniform(0.75, 1.15))
    if rng.random() < 0.4:
        picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.1)))
    grain = rng.normal(0, rng.uniform(0, 7), (picture.height, picture.width, 1))
    return Image.fromarray(np.clip(np.asarray(picture) + grain, 0, 255).astype(np.uint8)), found


def write(folder, count, held_out, stamps, grounds):
    folder.mkdir(parents=True, exist_ok=True)
    coco = {"images": [], "annotations": [], "categories": [{"id": i, "name": n} for i, n in enumerate(CLASSES)]}
    for number in range(count):
        picture, found = scene(np.random.default_rng((SEED, held_out, number)), stamps, grounds)
        name = "%05d.jpg" % number
        picture.save(folder / name, quality=88)
        coco["images"].append({"id": number, "file_name": name, "width": picture.width, "height": picture.height})
        for label, x0, y0, x1, y1 in found:
            box = [x0, y0, x1 - x0, y1 - y0]
            place = {"id": len(coco["annotations"]) + 1, "image_id": number, "category_id": label}
            coco["annotations"].append({**place, "bbox": box, "area": box[2] * box[3], "iscrowd": 0})
    # Last, so that a set with annotations is whole.
    (folder / "annotations.json").write_text(json.dumps(coco))
    return len(coco["annotations"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("stamps", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--backgrounds", nargs="+", required=True)
    parser.add_argument("--train", type=int, default=600)
    parser.add_argument("--val", type=int, default=200)
    parser.add_argument("--same-things", action="store_true")
    a = parser.parse_args()
    for part, count, held_out in (("train", a.train, False), ("val", a.val, True)):
        stamps = things(a.stamps, held_out, a.same_things)
        grounds = backgrounds(a.backgrounds, held_out)
        boxes = write(a.out / part, count, held_out, stamps, grounds)
        print("%s: %d pictures, %d boxes, %d things, %d backgrounds" % (part, count, boxes, len(stamps), len(grounds)))


if __name__ == "__main__":
    main()
