"""The first stretch of training: backbone and proposal heads alone, as a dense detector.

Features are learned several times faster this way than through encoder and decoder, which then start from features that know codes.
"""

import torch
from torch.nn import functional

from .loss import match_proposals, set_loss


class DenseStart(torch.nn.Module):
    """The detector without its transformer; `kinds` exists for this stretch only, since proposals do not tell labels apart."""

    def __init__(self, model):
        super().__init__()
        self._model = [model]  # no submodule: its parameters are the detector's
        self.kinds = torch.nn.Linear(model.config.d_model, model.config.num_labels)

    def forward(self, pixels):
        detector = self._model[0]
        network = detector.model
        mask = torch.ones(pixels.shape[0], *pixels.shape[2:], dtype=torch.long, device=pixels.device)
        maps = [features for features, _ in network.backbone(pixels, mask)]
        sources = [project(features) for project, features in zip(network.input_proj, maps)]
        sources += [project(maps[-1]) for project in network.input_proj[len(maps) :]]
        tokens = torch.cat([source.flatten(2).transpose(1, 2) for source in sources], 1)
        padding = torch.zeros(tokens.shape[:2], dtype=torch.bool, device=pixels.device)
        queries, proposals = network.gen_encoder_output_proposals(tokens, padding, [tuple(source.shape[-2:]) for source in sources])
        boxes = (detector.bbox_embed[-1](queries) + proposals).sigmoid()
        return {"proposal_classes": detector.class_embed[-1](queries), "proposal_boxes": boxes, "kinds": self.kinds(queries)}


def dense_loss(outputs, targets, anchors):
    """As `loss.detection_loss`, for what `DenseStart` gives."""
    logits, boxes = outputs["proposal_classes"][..., :1], outputs["proposal_boxes"]
    matches = match_proposals(logits, boxes, anchors, targets)
    overlap, box = set_loss(logits, boxes, torch.zeros_like(targets.labels), targets, matches)
    found, labels = outputs["kinds"][matches.image, matches.row], targets.labels[matches.image, matches.code]
    kind = functional.cross_entropy(found, labels) if len(labels) else found.sum()
    # What makes a code is to be learned first; with the usual weights the boxes' gradient drowns the labels'.
    return overlap + 0.2 * box + 2 * kind, {"class_p": overlap, "box_p": box, "kind": kind}
