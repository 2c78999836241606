"""The loss: matching, classification by overlap, boxes; for the decoder's layers and for the encoder's proposals.

After Deformable DETR, with three changes that shorten training: the encoder's proposals learn from several tokens for each code, the first decoder
layers from several queries for each code, and a positive's target is how well its box fits (Zhang et al. 2021, VarifocalNet).
"""

import torch
from scipy.optimize import linear_sum_assignment
from torch.nn import functional

_PROPOSALS_PER_CODE = 8


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


@torch.no_grad()
def _costs(logits, boxes, labels, targets):
    """[queries, targets]"""
    probability = logits.sigmoid()[:, labels]
    positive = 0.25 * (1 - probability) ** 2 * -(probability + 1e-8).log()
    negative = 0.75 * probability**2 * -(1 - probability + 1e-8).log()
    _, giou = overlaps(corners(boxes)[:, None], corners(targets)[None])
    return 2 * (positive - negative) + 5 * torch.cdist(boxes, targets, p=1) - 2 * giou


@torch.no_grad()
def match(logits, boxes, labels, targets, repeats):
    """(queries, targets): each target gets `repeats` queries, each query at most one target."""
    if not len(targets):
        return torch.zeros(0, dtype=torch.long), torch.zeros(0, dtype=torch.long)
    cost = _costs(logits, boxes, labels, targets).repeat(1, repeats).cpu().numpy()
    rows, columns = linear_sum_assignment(cost)
    return torch.as_tensor(rows), torch.as_tensor(columns % len(targets))


@torch.no_grad()
def match_proposals(logits, boxes, anchors, targets):
    """Each target gets the cheapest tokens among those near its middle; a token goes to its cheapest target."""
    if not len(targets):
        return torch.zeros(0, dtype=torch.long), torch.zeros(0, dtype=torch.long)
    cost = _costs(logits, boxes, torch.zeros(len(targets), dtype=torch.long), targets)
    offset = (anchors[:, None, :2] - targets[None, :, :2]).abs() / targets[None, :, 2:]
    cost = cost + 10 * (offset.amax(-1) > 0.35) + (anchors[:, None, 2:] / targets[None, :, 2:]).log().abs().mean(-1)
    cheapest = cost.topk(_PROPOSALS_PER_CODE, dim=0, largest=False).indices
    chosen = torch.zeros_like(cost, dtype=torch.bool).scatter_(0, cheapest, True)
    best = cost.masked_fill(~chosen, float("inf")).min(1)
    rows = torch.isfinite(best.values).nonzero()[:, 0]
    return rows, best.indices[rows]


def _classification(logits, wanted, quality):
    """Varifocal: positives weigh as their target, negatives as their probability."""
    probability = logits.detach().sigmoid()
    weight = torch.where(wanted, quality, 0.75 * probability**2)
    return functional.binary_cross_entropy_with_logits(logits, quality, weight, reduction="sum")


def set_loss(logits, boxes, batch, matches, columns):
    """Sums over the batch; `columns` says which logit stands for which label."""
    images = torch.cat([torch.full_like(rows, index) for index, (rows, _) in enumerate(matches)])
    rows = torch.cat([rows for rows, _ in matches])
    labels = torch.cat([columns[labels[picked]] for (labels, _), (_, picked) in zip(batch, matches)])
    targets = torch.cat([targets[picked] for (_, targets), (_, picked) in zip(batch, matches)])
    predicted = boxes[images, rows]
    iou, giou = overlaps(corners(predicted), corners(targets))
    wanted = torch.zeros_like(logits, dtype=torch.bool)
    quality = torch.zeros_like(logits)
    wanted[images, rows, labels] = True
    quality[images, rows, labels] = iou.detach().clamp(min=0.05) ** 0.5
    count = max(1, len(rows))
    distance = (predicted - targets).abs().sum()
    return 2 * _classification(logits, wanted, quality) / count, (5 * distance + 2 * (1 - giou).sum()) / count


def detection_loss(outputs, batch, anchors):
    """The whole loss and its parts by name.

    `outputs`: classes and boxes of the decoder's layers [layers, batch, queries, …] and of the proposals [batch, tokens, …];
    `batch`: (labels, boxes) for each picture, boxes as centre and size in 0..1; `anchors`: the tokens' own boxes.
    """
    parts = {}
    layers = len(outputs["classes"])
    each_its_own = torch.arange(outputs["classes"].shape[-1])
    for layer, (logits, boxes) in enumerate(zip(outputs["classes"], outputs["boxes"])):
        repeats = 1 if layer == layers - 1 else 3 if layer == 0 else 2
        matches = [match(logits[i].detach(), boxes[i].detach(), labels, targets, repeats) for i, (labels, targets) in enumerate(batch)]
        parts["class%d" % layer], parts["box%d" % layer] = set_loss(logits, boxes, batch, matches, each_its_own)
    logits, boxes = outputs["proposal_classes"][..., :1], outputs["proposal_boxes"]
    matches = [match_proposals(logits[i].detach(), boxes[i].detach(), anchors, targets) for i, (_, targets) in enumerate(batch)]
    parts["class_p"], parts["box_p"] = set_loss(logits, boxes, batch, matches, torch.zeros_like(each_its_own))
    return sum(parts.values()), {name: float(value.detach()) for name, value in parts.items()}
