"""The first stretch of training: the backbone alone learns to tell codes apart, on close-ups of 64 to 96 pixels.

A close-up costs a fiftieth of a picture and always holds something to learn from; `training.train --backbone` starts from the result.
"""

import argparse
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.nn import functional

from generator.symbols import LABELS

from .batches import blurred_for, normalised, read_annotations, recolour
from .detector import build_for_training

_PATCH = 144  # pixels of a stored patch: one and a half times its code
_SIDES = (64, 80, 96)
_LEAST_CODE = 22
_NO_CODE = len(LABELS)


def patches(folder, seed):
    """(uint8 [patches, side, side, 3], labels): every code that is not tiny, and two spots of every picture without codes."""
    cv2.setNumThreads(1)  # the reader of batches is forked from this process, and threads are not
    rng = np.random.default_rng(seed)
    found, labels = [], []
    for path, codes in read_annotations(folder):
        picture = cv2.imread(path)
        height, width = picture.shape[:2]
        spots = []
        for label, outline in codes:
            low, high = outline.min(0), outline.max(0)
            if max(high - low) >= _LEAST_CODE:
                spots.append((label, (low + high) / 2, max(high - low)))
        if not codes:
            spots = [(_NO_CODE, rng.uniform([0, 0], [width, height]), rng.uniform(40, 200)) for _ in range(2)]
        for label, centre, size in spots:
            zoom = _PATCH / (1.5 * size)
            matrix = np.array([[zoom, 0, _PATCH / 2 - zoom * centre[0]], [0, zoom, _PATCH / 2 - zoom * centre[1]]])
            patch = cv2.warpAffine(blurred_for(matrix[:, :2], picture), matrix, (_PATCH, _PATCH), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            found.append(patch)
            labels.append(label)
    return np.stack(found), np.array(labels)


class CropBatches(torch.utils.data.Dataset):
    """Batch number `index` as (pixels, labels), all labels equally often."""

    def __init__(self, stored, labels, size, count, seed):
        self._stored, self._size, self._count, self._seed = stored, size, count, seed
        self._of_label = [np.flatnonzero(labels == label) for label in range(_NO_CODE + 1)]

    def __len__(self):
        return self._count

    def __getitem__(self, index):
        cv2.setNumThreads(1)
        rng = np.random.default_rng((self._seed, index))
        side = _SIDES[rng.integers(len(_SIDES))]
        labels = rng.integers(_NO_CODE + 1, size=self._size)
        pixels = [self._crop(rng, self._of_label[label][rng.integers(len(self._of_label[label]))], side) for label in labels]
        return torch.from_numpy(np.stack(pixels)[..., ::-1].copy()), torch.from_numpy(labels)

    def _crop(self, rng, number, side):
        turn = rng.integers(4) * np.pi / 2 + rng.normal(0, 0.2)
        zoom = side / _PATCH * rng.uniform(1.0, 1.6)
        matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        matrix = matrix @ np.array([[1, rng.normal(0, 0.08)], [rng.normal(0, 0.08), 1]]) * zoom
        if rng.random() < 0.4:
            matrix[:, 0] *= -1
        centre = side / 2 + rng.uniform(-0.08, 0.08, 2) * side
        matrix = np.column_stack([matrix, centre - matrix @ np.array([_PATCH / 2, _PATCH / 2])])
        crop = cv2.warpAffine(blurred_for(matrix[:, :2], self._stored[number]), matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return recolour(rng, crop)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", help="data set of generator.make_dataset")
    parser.add_argument("backbone", help="file to write: the backbone's weights")
    parser.add_argument("--steps", type=int, default=8000)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    batches = CropBatches(*patches(arguments.data, arguments.seed), arguments.batch, arguments.steps, arguments.seed)
    backbone = build_for_training().model.backbone.to(memory_format=torch.channels_last).train()
    kinds = torch.nn.LazyLinear(_NO_CODE + 1)
    optimizer, begun, losses, right = None, time.time(), [], []
    for step, (pixels, labels) in enumerate(torch.utils.data.DataLoader(batches, batch_size=None, num_workers=1, prefetch_factor=6)):
        mask = torch.ones(pixels.shape[:3], dtype=torch.long)
        maps = [features for features, _ in backbone(normalised(pixels), mask)]
        found = kinds(torch.cat([features.mean((2, 3)) for features in maps[1:]], 1))
        loss = functional.cross_entropy(found, labels)
        parameters = [*backbone.parameters(), *kinds.parameters()]
        optimizer = optimizer or torch.optim.AdamW(parameters, lr=arguments.rate, weight_decay=2e-2)
        for group in optimizer.param_groups:
            group["lr"] = arguments.rate * min(1, (step + 1) / 100, max(0.05, 2 * (1 - step / arguments.steps)))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 5.0)
        optimizer.step()
        losses.append(loss.item())
        right.append((found.argmax(1) == labels).float().mean().item())
        if (step + 1) % 100 == 0:
            print("step %d  loss %.3f  right %.3f  %.0f s" % (step + 1, np.mean(losses), np.mean(right), time.time() - begun), flush=True)
            losses, right = [], []
    torch.save(backbone.state_dict(), Path(arguments.backbone))


if __name__ == "__main__":
    main()
