"""Batches for training: pictures of a data set, turned, zoomed, recoloured and joined by chance, with their boxes.

Every batch follows from the seed and its number alone (and from which shards exist), so that training resumes where it stopped.
"""

import json
from pathlib import Path

import cv2
import numpy as np
import torch

from generator.warp import area, clip_polygon

from .detector import DEVIATION, MEAN, SIDE

_ASPECTS = (1, 1, 4 / 3, 4 / 3, 3 / 4, 3 / 4, 3 / 2, 2 / 3, 16 / 9, 9 / 16, 5 / 2, 5 / 2, 3, 2 / 5, 1 / 3)  # of photographs: width by height
_LEAST_VISIBLE = 0.45


def read_annotations(folder):
    """[(path, [(label, outline)])] of all complete shards, in order."""
    entries = []
    for path in sorted(Path(folder).glob("shard-*/annotations.json")):
        coco = json.loads(path.read_text())
        codes = {image["id"]: [] for image in coco["images"]}
        for annotation in coco["annotations"]:
            codes[annotation["image_id"]].append((annotation["category_id"], np.array(annotation["segmentation"][0]).reshape(-1, 2)))
        entries += [(str(path.parent.parent / image["file_name"]), codes[image["id"]]) for image in coco["images"]]
    return entries


def _transform(rng, source, height, width):
    """A random map of a picture's points to points of the target: turned, zoomed, a little sheared."""
    rows, columns = source
    turn = rng.integers(4) * np.pi / 2 + (rng.normal(0, 0.12) if rng.random() < 0.7 else rng.uniform(0, 2 * np.pi))
    turned = (columns, rows) if int(round(turn / (np.pi / 2))) % 2 == 0 else (rows, columns)
    fit = min(width / turned[0], height / turned[1])
    zoom = fit * np.exp(rng.uniform(np.log(0.75), np.log(1.5)))
    shear = rng.normal(0, 0.06, 2)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ np.array([[1, shear[0]], [shear[1], 1]]) * zoom
    if rng.random() < 0.3:
        matrix[:, 0] *= -1
    room = np.abs(np.array([width, height]) - zoom * np.array(turned)) / 2
    centre = np.array([width, height]) / 2 + rng.uniform(-1, 1, 2) * (room + 0.05 * min(width, height))
    return np.column_stack([matrix, centre - matrix @ np.array([columns / 2, rows / 2])])


def _focus(rng, polygon, height, width):
    """A random map that brings one code to the middle, large."""
    turn = rng.integers(4) * np.pi / 2 + (rng.normal(0, 0.15) if rng.random() < 0.6 else rng.uniform(0, 2 * np.pi))
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    if rng.random() < 0.3:
        matrix[:, 0] *= -1
    turned = polygon @ matrix.T
    low, high = turned.min(0), turned.max(0)
    room = np.array([width, height])
    zoom = min(2.5, rng.uniform(0.35, 0.95) * (room / (high - low)).min())
    matrix *= zoom
    slack = (room - zoom * (high - low)) / 2
    return np.column_stack([matrix, room / 2 + rng.uniform(-1, 1, 2) * slack - zoom * (low + high) / 2])


def blurred_for(matrix, picture):
    """A picture that is to be sampled through a map (2 x 2 of its points), without the detail that would alias along its width or its height."""
    # A wave along one side of the picture becomes so many times as fine.
    finer = np.linalg.norm(np.linalg.inv(matrix), axis=1)
    deviations = [0.45 * (times - 1) + 0.2 if times > 1.25 else 0.0 for times in finer]
    # OpenCV takes a deviation of 0 in one direction for that of the other; this small one has a kernel of a single pixel.
    return cv2.GaussianBlur(picture, (0, 0), sigmaX=max(0.01, deviations[0]), sigmaY=max(0.01, deviations[1])) if any(deviations) else picture


def recolour(rng, picture):
    if rng.random() < 0.35:
        table = np.arange(256) / 255.0
        table = np.clip(table ** np.exp(rng.normal(0, 0.2)) * rng.uniform(0.75, 1.2) + rng.uniform(-0.08, 0.08), 0, 1) * 255
        picture = cv2.LUT(picture, table.astype(np.uint8))
    if rng.random() < 0.2:
        picture = np.repeat(picture.mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8)
    elif rng.random() < 0.3:
        picture = np.ascontiguousarray(picture[..., rng.permutation(3)])
    if rng.random() < 0.04:
        picture = 255 - picture
    if rng.random() < 0.15:
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 1.3))
    if rng.random() < 0.2:
        grain = rng.standard_normal(picture.shape[:2] + (1,), dtype=np.float32) * rng.uniform(2, 14)
        picture = np.clip(picture + grain, 0, 255).astype(np.uint8)
    return picture


def _sample(rng, entries, height, width, focus):
    """One picture of a size and its codes as (label, hull); `focus` is the chance of one that is made of a code's surroundings."""
    path, codes = entries[rng.integers(len(entries))]
    picture = cv2.imread(path)
    stretch = _ASPECTS[rng.integers(len(_ASPECTS))] ** 0.5  # a photograph of this form is squeezed into the one that the network sees
    photo = height / stretch, width * stretch
    if codes and rng.random() < focus:
        matrix = _focus(rng, codes[rng.integers(len(codes))][1], *photo)
    elif rng.random() < 0.4:
        # As it is, the way the picture is seen in use.
        matrix, photo = np.eye(3)[:2], picture.shape[:2]
    else:
        matrix = _transform(rng, picture.shape[:2], *photo)
    matrix = np.diag([width / photo[1], height / photo[0]]) @ matrix
    shift = matrix.copy()
    shift[:, 2] += matrix[:, :2] @ [0.5, 0.5] - 0.5  # OpenCV counts from the middle of the first pixel
    picture = blurred_for(matrix[:, :2], picture)
    border = cv2.BORDER_REFLECT if rng.random() < 0.3 and not codes else cv2.BORDER_CONSTANT
    colour = rng.integers(0, 256, 3).tolist() if rng.random() < 0.5 else picture[0, 0].tolist()
    picture = cv2.warpAffine(picture, shift, (width, height), flags=cv2.INTER_LINEAR, borderMode=border, borderValue=colour)
    found = []
    for label, polygon in codes:
        moved = polygon @ matrix[:, :2].T + matrix[:, 2]
        visible = clip_polygon(moved, width, height)
        share = area(visible) / max(area(moved), 1e-6)
        if share <= 0:
            continue
        low, high = visible.min(0), visible.max(0)
        if share < _LEAST_VISIBLE or max(high - low) < 9 or min(high - low) < 3.5:
            # Neither a code to find nor background: painted over.
            cv2.fillPoly(picture, [np.round(visible).astype(np.int32)], colour)
        else:
            found.append((label, np.concatenate([low, high])))
    return recolour(rng, picture), found


def _mosaic(rng, entries, height, width, focus):
    """Four pictures in one: more codes a picture, and more that are small."""
    picture = np.empty((height, width, 3), np.uint8)
    split_y, split_x = int(height * rng.uniform(0.35, 0.65)), int(width * rng.uniform(0.35, 0.65))
    found = []
    for y0, y1 in ((0, split_y), (split_y, height)):
        for x0, x1 in ((0, split_x), (split_x, width)):
            part, codes = _sample(rng, entries, y1 - y0, x1 - x0, focus)
            picture[y0:y1, x0:x1] = part
            found += [(label, hull + [x0, y0, x0, y0]) for label, hull in codes]
    return picture, found


class Batches(torch.utils.data.Dataset):
    """Batch number `first + index` as (pixels, [(labels, boxes)]); `seed` is (of the run, of the process), `mosaic` and `focus` are shares of the pictures, `scale` is of their sides."""

    def __init__(self, folder, seed, size, first, count, mosaic=0.2, focus=0.2, scale=1.0):
        self._entries = read_annotations(folder)
        self._seed, self._size, self._first, self._count, self._mosaic, self._focus, self._scale = seed, size, first, count, mosaic, focus, scale

    def __len__(self):
        return self._count

    def __getitem__(self, index):
        cv2.setNumThreads(1)
        number = self._first + index
        side = int(round(SIDE * self._scale / 64)) * 64
        rng = np.random.default_rng((*self._seed, number))
        pixels, batch = [], []
        for _ in range(self._size):
            make = _mosaic if rng.random() < self._mosaic else _sample
            picture, codes = make(rng, self._entries, side, side, self._focus)
            pixels.append(picture)
            labels = torch.tensor([label for label, _ in codes], dtype=torch.long)
            hulls = torch.tensor(np.array([hull for _, hull in codes]).reshape(-1, 4), dtype=torch.float32) / side
            batch.append((labels, torch.cat([(hulls[:, :2] + hulls[:, 2:]) / 2, hulls[:, 2:] - hulls[:, :2]], 1)))
        stacked = torch.from_numpy(np.stack(pixels)[..., ::-1].copy())
        return stacked, batch


def normalised(pixels):
    """uint8 [batch, height, width, 3] to what the network reads."""
    mean, deviation = (torch.tensor(values, device=pixels.device) for values in (MEAN, DEVIATION))
    values = (pixels.float() / 255 - mean) / deviation
    return values.permute(0, 3, 1, 2)
