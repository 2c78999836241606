"""The detector: a small two-stage Deformable DETR, built for training and saved for use."""

import argparse
import json
from pathlib import Path

import torch
from transformers import DeformableDetrConfig, DeformableDetrForObjectDetection, ResNetConfig
from transformers.models.deformable_detr import modeling_deformable_detr

from generator.symbols import LABELS

# Every picture is brought to this size. A multiple of the coarsest stride: the model's coordinates are those of its maps, and where a map ends beyond
# the picture (a side of 427 makes 54 columns of 8, as 432 would) all boxes shift by up to that much.
SIDE = 384
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def configuration():
    backbone = ResNetConfig(
        embedding_size=24,
        hidden_sizes=[24, 48, 96, 192],
        depths=[1, 2, 2, 2],
        layer_type="basic",
        out_features=["stage2", "stage3", "stage4"],
    )
    return DeformableDetrConfig(
        use_timm_backbone=False,
        use_pretrained_backbone=False,
        backbone=None,
        backbone_config=backbone,
        d_model=96,
        encoder_layers=1,
        decoder_layers=3,
        encoder_attention_heads=3,
        decoder_attention_heads=3,
        encoder_ffn_dim=256,
        decoder_ffn_dim=256,
        encoder_n_points=4,
        decoder_n_points=4,
        num_feature_levels=4,
        num_queries=60,
        two_stage=True,
        two_stage_num_proposals=60,
        with_box_refine=True,
        auxiliary_loss=True,
        dropout=0.0,
        id2label=dict(enumerate(LABELS)),
        label2id={label: index for index, label in enumerate(LABELS)},
    )


def build_for_training():
    """The model with real batch normalisation: trained from nothing, frozen statistics would never fit."""
    replace = modeling_deformable_detr.replace_batch_norm
    modeling_deformable_detr.replace_batch_norm = lambda module: None
    try:
        model = DeformableDetrForObjectDetection(configuration())
    finally:
        modeling_deformable_detr.replace_batch_norm = replace
    model.requires_grad_(True)  # transformers freezes what is usually pretrained
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, torch.nn.Conv2d):
                torch.nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        for head in model.class_embed:
            head.bias.fill_(-4.0)
        for head in model.bbox_embed:
            head.layers[-1].weight.zero_()
            head.layers[-1].bias.zero_()
    return model


def keep_heads_exact(model):
    """The heads compute in fp32 under autocast too: eight bits are too few for the edge of a box."""

    def exact(forward):
        def call(queries):
            with torch.autocast(queries.device.type, enabled=False):
                return forward(queries.float())

        return call

    for head in (*model.class_embed, *model.bbox_embed):
        head.forward = exact(head.forward)


def build_for_use(weights):
    """The published form, frozen normalisation, from a training model's state."""
    model = DeformableDetrForObjectDetection(configuration())
    kept = {name: tensor for name, tensor in weights.items() if not name.endswith("num_batches_tracked")}
    model.load_state_dict(kept, strict=True)
    return model.eval()


def published_weights(folder):
    """The weights of a saved model, as a training model takes them but for the counts of its normalisation."""
    return DeformableDetrForObjectDetection.from_pretrained(folder, dtype=torch.float32).state_dict()


def save(weights, folder, half=False):
    """Writes the weights with config.json and preprocessor_config.json, as transformers reads them."""
    model = build_for_use({name: tensor.cpu() for name, tensor in weights.items()})
    (model.half() if half else model).save_pretrained(folder)
    preprocessor = {
        "image_processor_type": "DeformableDetrImageProcessor",
        "do_resize": True,
        "size": {"height": SIDE, "width": SIDE},
        "resample": 2,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": MEAN,
        "image_std": DEVIATION,
        "do_pad": True,
        "do_convert_annotations": True,
        "format": "coco_detection",
    }
    Path(folder, "preprocessor_config.json").write_text(json.dumps(preprocessor, indent=2) + "\n")


class RememberedPositions(torch.nn.Module):
    """Position codes depend on the shape alone while no picture is padded: computed once each."""

    def __init__(self, computed):
        super().__init__()
        self._computed, self._known = computed, {}

    def forward(self, shape, device, dtype, mask=None):
        if shape not in self._known:
            self._known[shape] = self._computed(shape=shape, device=device, dtype=dtype, mask=mask)
        return self._known[shape]


def main():
    parser = argparse.ArgumentParser(description="Writes the averaged weights of a checkpoint as they are published, in fp16.")
    parser.add_argument("checkpoint", help="checkpoint.pt of training.train")
    parser.add_argument("folder", help="folder for model.safetensors, config.json and preprocessor_config.json")
    arguments = parser.parse_args()
    save(torch.load(arguments.checkpoint, map_location="cpu", weights_only=True)["average"], arguments.folder, half=True)


if __name__ == "__main__":
    main()
