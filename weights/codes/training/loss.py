"""The loss: matching, classification by overlap, boxes; for the decoder's layers and for the encoder's proposals.

After Deformable DETR, with three changes that shorten training: the encoder's proposals learn from several tokens for each code, the first decoder
layers from several queries for each code, and a positive's target is how well its box fits (Zhang et al. 2021, VarifocalNet).
"""

from typing import NamedTuple

import torch
from scipy.optimize import linear_sum_assignment
from torch.nn import functional

_PROPOSALS_PER_CODE = 8


class Targets(NamedTuple):
    """The codes of a batch, padded to the picture with most: labels [B, T], boxes [B, T, 4] as centre and size in 0..1, present [B, T]."""

    labels: torch.Tensor
    boxes: torch.Tensor
    present: torch.Tensor

    @staticmethod
    def of(batch, device):
        most = max(1, max(len(labels) for labels, _ in batch))
        labels = torch.zeros(len(batch), most, dtype=torch.long)
        boxes = torch.full((len(batch), most, 4), 0.5)
        present = torch.zeros(len(batch), most, dtype=torch.bool)
        for index, (own_labels, own_boxes) in enumerate(batch):
            count = len(own_labels)
            labels[index, :count], boxes[index, :count], present[index, :count] = own_labels, own_boxes, True
        return Targets(labels.to(device), boxes.to(device), present.to(device))


class Matches(NamedTuple):
    """Pairs: token or query `row` of picture `image` belongs to its code `code`."""

    image: torch.Tensor
    row: torch.Tensor
    code: torch.Tensor


def corners(boxes):
    centre, size = boxes[..., :2], boxes[..., 2:]
    return torch.cat([centre - size / 2, centre + size / 2], -1)


def overlaps(first, second):
    """(IoU, generalised IoU) of corner boxes, broadcast."""
    low, high = torch.maximum(first[..., :2], second[..., :2]), torch.minimum(first[..., 2:], second[..., 2:])
    shared = (high - low).clamp(min=0).prod(-1)
    areas = (first[..., 2:] - first[..., :2]).prod(-1) + (second[..., 2:] - second[..., :2]).prod(-1)
    union = areas - shared + 1e-9
    hull = (torch.maximum(first[..., 2:], second[..., 2:]) - torch.minimum(first[..., :2], second[..., :2])).prod(-1) + 1e-9
    iou = shared / union
    return iou, iou - (hull - union) / hull


def _costs(logits, boxes, labels, targets):
    """[B, rows, T]"""
    probability = logits.sigmoid().gather(2, labels[:, None].expand(-1, logits.shape[1], -1))
    positive = 0.25 * (1 - probability) ** 2 * -(probability + 1e-8).log()
    negative = 0.75 * probability**2 * -(1 - probability + 1e-8).log()
    _, giou = overlaps(corners(boxes)[:, :, None], corners(targets.boxes)[:, None])
    return 2 * (positive - negative) + 5 * torch.cdist(boxes, targets.boxes, p=1) - 2 * giou


@torch.no_grad()
def match(logits, boxes, targets, repeats):
    """Each code gets `repeats` queries, each query at most one code."""
    costs = _costs(logits, boxes, targets.labels, targets).cpu().numpy()
    images, rows, codes = [], [], []
    for image, count in enumerate(targets.present.sum(1).tolist()):
        if count:
            chosen, columns = linear_sum_assignment(costs[image, :, :count].repeat(repeats, axis=1))
            images += [image] * len(chosen)
            rows += chosen.tolist()
            codes += (columns // repeats).tolist()
    return Matches(*torch.tensor([images, rows, codes], dtype=torch.long, device=logits.device))


@torch.no_grad()
def match_proposals(logits, boxes, anchors, targets):
    """Each code gets the cheapest tokens among those near its middle; a token goes to its cheapest code."""
    cost = _costs(logits, boxes, torch.zeros_like(targets.labels), targets)
    wanted = targets.boxes[:, None]
    offset = (anchors[None, :, None, :2] - wanted[..., :2]).abs() / wanted[..., 2:]
    cost = cost + 10 * (offset.amax(-1) > 0.35) + (anchors[None, :, None, 2:] / wanted[..., 2:]).log().abs().mean(-1)
    cheapest = cost.topk(_PROPOSALS_PER_CODE, dim=1, largest=False).indices
    chosen = torch.zeros_like(cost, dtype=torch.bool).scatter_(1, cheapest, True) & targets.present[:, None]
    best = cost.masked_fill(~chosen, float("inf")).min(2)
    images, rows = torch.isfinite(best.values).nonzero(as_tuple=True)
    return Matches(images, rows, best.indices[images, rows])


def _classification(logits, wanted, quality):
    """Varifocal: positives weigh as their target, negatives as their probability."""
    probability = logits.detach().sigmoid()
    weight = torch.where(wanted, quality, 0.75 * probability**2)
    return functional.binary_cross_entropy_with_logits(logits, quality, weight, reduction="sum")


def set_loss(logits, boxes, labels, targets, matches):
    """(classification, boxes) for each match; `labels` [B, T] says which logit a code's own is."""
    image, row, code = matches
    predicted, wanted_boxes = boxes[image, row], targets.boxes[image, code]
    iou, giou = overlaps(corners(predicted), corners(wanted_boxes))
    wanted = torch.zeros_like(logits, dtype=torch.bool)
    quality = torch.zeros_like(logits)
    wanted[image, row, labels[image, code]] = True
    quality[image, row, labels[image, code]] = iou.detach().clamp(min=0.05) ** 0.5
    count = max(1, len(row))
    distance = (predicted - wanted_boxes).abs().sum()
    return 2 * _classification(logits, wanted, quality) / count, (5 * distance + 4 * (1 - giou).sum()) / count


def detection_loss(outputs, targets, anchors):
    """The whole loss and its parts by name.

    `outputs`: classes and boxes of the decoder's layers [layers, batch, queries, …] and of the proposals [batch, tokens, …]; `anchors`: the tokens' own boxes.
    """
    parts = {}
    last = len(outputs["classes"]) - 1
    for layer, (logits, boxes) in enumerate(zip(outputs["classes"], outputs["boxes"])):
        matches = match(logits, boxes, targets, 1 if layer == last else 3 if layer == 0 else 2)
        parts["class%d" % layer], parts["box%d" % layer] = set_loss(logits, boxes, targets.labels, targets, matches)
    logits, boxes = outputs["proposal_classes"][..., :1], outputs["proposal_boxes"]
    matches = match_proposals(logits, boxes, anchors, targets)
    parts["class_p"], parts["box_p"] = set_loss(logits, boxes, torch.zeros_like(targets.labels), targets, matches)
    return sum(parts.values()), parts
