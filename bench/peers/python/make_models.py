"""Makes full-size checkpoint directories of the DETR family with weights by formula.

    python make_models.py OUT [NAME ...]

writes OUT/NAME/{config.json, preprocessor_config.json, model.safetensors}, as Hugging Face has them, for

    detr-resnet-50                               the architecture of facebook/detr-resnet-50
    deformable-detr                              of SenseTime/deformable-detr
    deformable-detr-with-box-refine-two-stage    of SenseTime/deformable-detr-with-box-refine-two-stage

and OUT/NAME/birder.pt, in birder's container and nearly with the weights of its golden case, for

    deformable-detr-convnext-v2-tiny             of birder's deformable_detr_boxref_coco_convnext_v2_tiny_imagenet21k

Nothing is downloaded and nothing is trained: the models detect nothing meaningful. They serve to compare implementations, so
the scales are chosen to make every part of the network matter to the output: activations keep their size through the depth,
queries differ, sampling points reach several cells away, and some ten to thirty detections of a photo pass a threshold of 0.3.
"""

import argparse
import math
import pathlib
import re

import torch
from safetensors import safe_open
from safetensors.numpy import save_file
from transformers import (
    DeformableDetrConfig,
    DeformableDetrForObjectDetection,
    DeformableDetrImageProcessor,
    DetrConfig,
    DetrForObjectDetection,
    DetrImageProcessor,
)

from convnext_deformable import formula_state
from detectors import BIRDER_FILE
from formula import uniform

# COCO category ids run from 1 to 90 with ten holes; the published checkpoints call the holes N/A.
COCO_NAMES = {
    1: "person", 2: "bicycle", 3: "car", 4: "motorcycle", 5: "airplane", 6: "bus", 7: "train", 8: "truck", 9: "boat",
    10: "traffic light", 11: "fire hydrant", 13: "stop sign", 14: "parking meter", 15: "bench", 16: "bird", 17: "cat",
    18: "dog", 19: "horse", 20: "sheep", 21: "cow", 22: "elephant", 23: "bear", 24: "zebra", 25: "giraffe", 27: "backpack",
    28: "umbrella", 31: "handbag", 32: "tie", 33: "suitcase", 34: "frisbee", 35: "skis", 36: "snowboard", 37: "sports ball",
    38: "kite", 39: "baseball bat", 40: "baseball glove", 41: "skateboard", 42: "surfboard", 43: "tennis racket", 44: "bottle",
    46: "wine glass", 47: "cup", 48: "fork", 49: "knife", 50: "spoon", 51: "bowl", 52: "banana", 53: "apple", 54: "sandwich",
    55: "orange", 56: "broccoli", 57: "carrot", 58: "hot dog", 59: "pizza", 60: "donut", 61: "cake", 62: "chair", 63: "couch",
    64: "potted plant", 65: "bed", 67: "dining table", 70: "toilet", 72: "tv", 73: "laptop", 74: "mouse", 75: "remote",
    76: "keyboard", 77: "cell phone", 78: "microwave", 79: "oven", 80: "toaster", 81: "sink", 82: "refrigerator", 84: "book",
    85: "clock", 86: "vase", 87: "scissors", 88: "teddy bear", 89: "hair drier", 90: "toothbrush",
}
ID2LABEL = {i: COCO_NAMES.get(i, "N/A") for i in range(91)}
LABEL2ID = {name: i for i, name in ID2LABEL.items()}


def timm_resnet50(out_indices):
    return {
        "model_type": "timm_backbone",
        "backbone": "resnet50",
        "num_channels": 3,
        "features_only": True,
        "use_pretrained_backbone": False,
        "out_indices": out_indices,
    }


def detr():
    config = DetrConfig(
        backbone_config=timm_resnet50([1, 2, 3, 4]), num_queries=100, d_model=256, id2label=ID2LABEL, label2id=LABEL2ID
    )
    return DetrForObjectDetection(config), DetrImageProcessor()


def deformable(**options):
    # The custom CUDA kernel cannot be exported; on the CPU the flag changes nothing.
    config = DeformableDetrConfig(
        backbone_config=timm_resnet50([2, 3, 4]), num_queries=300, d_model=256, disable_custom_kernels=True,
        id2label=ID2LABEL, label2id=LABEL2ID, **options,
    )
    return DeformableDetrForObjectDetection(config), DeformableDetrImageProcessor()


# Rules by tensor name, the first that matches wins: (pattern, base, scale). A scale ("gain", g) means g * sqrt(3 / fan_in):
# g = 1 keeps the variance of the input, sqrt 2 makes up for a ReLU.
RELU = math.sqrt(2.0)
COMMON_RULES = [
    # Backbone. A mean of 1 makes about one activation in six survive the ReLU, so features are sparse as in a trained net;
    # the third norm of a block is about 1.5 / sqrt(blocks of its stage), so that the residual sum does not grow.
    (r"backbone.*\.conv1\.weight", 0.0, ("gain", 0.8 * RELU)),
    (r"backbone.*(conv\d|downsample\.0)\.weight", 0.0, ("gain", RELU)),
    (r"backbone.*layer[14].*bn3\.weight", 0.866, 0.1),
    (r"backbone.*layer2.*bn3\.weight", 0.75, 0.1),
    (r"backbone.*layer3.*bn3\.weight", 0.6124, 0.1),
    (r"backbone.*(bn[12]|downsample\.1)\.weight", 1.0, 0.2),
    (r"backbone.*(bn\d|downsample\.1)\.bias", 0.0, 0.3),
    (r"backbone.*bn[12]\.running_mean", 1.0, 0.5),
    (r"backbone.*running_mean", 0.0, 0.2),
    (r"backbone.*running_var", 1.0, 0.5),
    # Norms of the neck and of the transformer.
    (r"(norm|input_proj\.\d\.1)\.weight", 1.0, 0.2),
    (r"(norm|input_proj\.\d\.1)\.bias", 0.0, 0.2),
    # Deformable attention: biases spread the points over +-3 cells, the weights move them with the query.
    (r"sampling_offsets\.weight", 0.0, ("gain", 0.8)),
    (r"sampling_offsets\.bias", 0.0, 3.0),
    (r"attention_weights\.weight", 0.0, ("gain", 1.2)),
    (r"attention_weights\.bias", 0.0, 0.5),
    (r"encoder\.layers\.\d+\.self_attn\.(out|output)_proj\.weight", 0.0, ("gain", 0.3)),
    (r"decoder\.layers\.\d+\.self_attn\.out_proj\.weight", 0.0, ("gain", 0.3)),
    (r"fc1\.weight", 0.0, ("gain", 1.0)),
    (r"fc1\.bias", -0.5, 0.3),
    (r"fc2\.weight", 0.0, ("gain", 0.4 * RELU)),
    (r"level_embed", 0.0, 1.0),
    (r"reference_points\.weight", 0.0, ("gain", 1.2)),
    (r"input_projection\.weight", 0.0, ("gain", 0.8)),
]
MODELS = {
    "detr-resnet-50": (
        detr,
        101,
        [
            (r"query_position_embeddings", 0.0, 4.0),
            (r"encoder_attn\.(q|k)_proj\.weight", 0.0, ("gain", 4.0)),
            (r"(q|k)_proj\.weight", 0.0, ("gain", 2.5)),
            (r"encoder_attn\.out_proj\.weight", 0.0, ("gain", 3.0)),
            (r"class_labels_classifier\.weight", 0.0, ("gain", 2.5)),
            (r"class_labels_classifier\.bias", -2.0, 0.5),
            (r"bbox_predictor\.layers\.2\.weight", 0.0, ("gain", 1.6 * RELU)),
            (r"bbox_predictor\.layers\.2\.bias", 0.0, 0.5),
            (r"bbox_predictor.*\.weight", 0.0, ("gain", RELU)),
        ],
    ),
    "deformable-detr": (
        deformable,
        102,
        [
            (r"query_position_embeddings", 0.0, 1.7),
            (r"(q|k)_proj\.weight", 0.0, ("gain", 1.2)),
            (r"encoder_attn\.output_proj\.weight", 0.0, ("gain", 2.4)),
            (r"class_embed.*\.weight", 0.0, ("gain", 2.0)),
            (r"class_embed.*\.bias", -6.5, 0.5),
            (r"bbox_embed.*layers\.2\.weight", 0.0, ("gain", 0.4 * RELU)),
            (r"bbox_embed.*layers\.2\.bias", 0.0, 0.5),
            (r"bbox_embed.*\.weight", 0.0, ("gain", RELU)),
        ],
    ),
    "deformable-detr-with-box-refine-two-stage": (
        lambda: deformable(with_box_refine=True, two_stage=True),
        118,
        [
            (r"(q|k)_proj\.weight", 0.0, ("gain", 1.2)),
            (r"encoder_attn\.output_proj\.weight", 0.0, ("gain", 2.4)),
            (r"class_embed.*\.weight", 0.0, ("gain", 2.0)),
            (r"class_embed.*\.bias", -6.25, 0.5),
            # Seven heads add up their corrections, so each one is small.
            (r"bbox_embed.*layers\.2\.weight", 0.0, ("gain", 0.15 * RELU)),
            (r"bbox_embed.*layers\.2\.bias", 0.0, 0.25),
            (r"bbox_embed.*\.weight", 0.0, ("gain", RELU)),
        ],
    ),
}
BIRDER_MODEL = "deformable-detr-convnext-v2-tiny"
# What is left: biases small, matrices neutral.
FALLBACK_RULES = [(r"\.bias$", 0.0, 0.1), (r"\.weight$", 0.0, ("gain", 1.0))]


def rule_for(name, shape, rules):
    for pattern, base, scale in rules:
        if re.search(pattern, name):
            if isinstance(scale, tuple):
                fan_in = math.prod(shape[1:])
                scale = scale[1] * math.sqrt(3.0 / fan_in)
            return base, scale
    raise ValueError(f"no rule for tensor {name} of shape {shape}")


def make(name: str, out: pathlib.Path) -> pathlib.Path:
    build, seed, own_rules = MODELS[name]
    model, processor = build()
    folder = out / name
    folder.mkdir(parents=True, exist_ok=True)
    # Saved once to learn the names and shapes of the published layout (tied duplicates dropped), then refilled by name.
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    weights = folder / "model.safetensors"
    with safe_open(weights, framework="numpy") as file:
        shapes = {key: file.get_slice(key).get_shape() for key in file.keys()}
    rules = own_rules + COMMON_RULES + FALLBACK_RULES
    tensors = {key: uniform(key, seed, shape, *rule_for(key, shape, rules)) for key, shape in shapes.items()}
    save_file(tensors, weights, metadata={"format": "pt"})
    return folder


def make_birder(out: pathlib.Path) -> pathlib.Path:
    folder = out / BIRDER_MODEL
    folder.mkdir(parents=True, exist_ok=True)
    state = formula_state()
    # As it is, the golden case's decoder amplifies rounding as more tokens add to it: at 640x853 float32 is 9e-2 from float64 in
    # a logit, and nothing could be compared. With a quarter of the cross-attention, as in its encoder, it is 4e-4.
    for name, values in state.items():
        if re.search(r"decoder\.layers\.\d\.cross_attn\.output_proj\.weight", name):
            state[name] = values / 4
    saved = {
        "state": state,
        "birder_version": "0.1.0",
        "task": "object_detection",
        "signature": {"dynamic": True, "inputs": [{"data_shape": [0, 3, 640, 640]}], "num_labels": 91},
        "class_to_idx": {f"class {i}": i for i in range(1, 92)},
        "rgb_stats": {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]},
    }
    torch.save(saved, folder / BIRDER_FILE)
    return folder


def main():
    known = [*MODELS, BIRDER_MODEL]
    parser = argparse.ArgumentParser(description="Make checkpoint directories with weights by formula.")
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("names", nargs="*", help="which of: " + ", ".join(known) + " (default: all)")
    arguments = parser.parse_args()
    for name in arguments.names or known:
        if name not in known:
            parser.error(f"unknown model {name}; known are {', '.join(known)}")
        folder = make_birder(arguments.out) if name == BIRDER_MODEL else make(name, arguments.out)
        print(f"{folder}: written", flush=True)


if __name__ == "__main__":
    main()
