"""Prints, as JSON, what transformers itself detects: its image processor, its model, its post-processing.

    python expected_detections.py MODEL_DIR IMAGE ... [--threshold 0.3] [--raw DIR] [--float64] > expected.json

Per image: file name, width, height and `detections` in the order of transformers, each with label, name, score and box
[xmin, ymin, xmax, ymax] in pixels of the photo. --raw writes DIR/<image stem>.safetensors with pixel_values, pixel_mask, logits
and pred_boxes. --float64 also runs the model in double precision and reports (on stderr) how far float32 is from it: no other
float32 implementation can be expected to be closer than that.
"""

import argparse
import json
import pathlib
import sys

import torch
import transformers
from PIL import Image
from safetensors.torch import save_file
from transformers import AutoImageProcessor, AutoModelForObjectDetection


def main():
    parser = argparse.ArgumentParser(description="Reference detections of a Hugging Face checkpoint directory, as JSON.")
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("images", type=pathlib.Path, nargs="+")
    parser.add_argument("--threshold", type=float, default=0.3, help="keep scores above this (0 keeps the top 100)")
    parser.add_argument("--raw", type=pathlib.Path, help="folder for pixel_values, pixel_mask, logits and pred_boxes")
    parser.add_argument("--float64", action="store_true", help="report the distance to a double precision run")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    transformers.utils.logging.disable_progress_bar()

    processor = AutoImageProcessor.from_pretrained(arguments.model, local_files_only=True)
    model = AutoModelForObjectDetection.from_pretrained(arguments.model, local_files_only=True, attn_implementation="eager")
    model = model.eval()
    results = []
    for path in arguments.images:
        image = Image.open(path).convert("RGB")
        inputs = processor(images=image, return_tensors="pt")
        with torch.no_grad():
            outputs = model(**inputs)
        target_sizes = torch.tensor([[image.height, image.width]])
        found = processor.post_process_object_detection(outputs, threshold=arguments.threshold, target_sizes=target_sizes)[0]
        detections = [
            {
                "label": label,
                "name": model.config.id2label[label],
                "score": round(score, 7),
                "box": [round(v, 4) for v in box],
            }
            for score, label, box in zip(found["scores"].tolist(), found["labels"].tolist(), found["boxes"].tolist())
        ]
        results.append({"image": path.name, "width": image.width, "height": image.height, "detections": detections})
        if arguments.raw:
            arguments.raw.mkdir(parents=True, exist_ok=True)
            save_file(
                {
                    "pixel_values": inputs["pixel_values"].contiguous(),
                    "pixel_mask": inputs["pixel_mask"].contiguous(),
                    "logits": outputs.logits.contiguous(),
                    "pred_boxes": outputs.pred_boxes.contiguous(),
                },
                arguments.raw / f"{path.stem}.safetensors",
            )
        if arguments.float64:
            report_noise(arguments.model, path.name, inputs, outputs)
    json.dump(
        {
            "model": arguments.model.resolve().name,
            "made_by": f"transformers {transformers.__version__}, torch {torch.__version__.split('+')[0]}",
            "threshold": arguments.threshold,
            "images": results,
        },
        sys.stdout,
        indent=1,
    )
    print()


def report_noise(model_dir, image_name, inputs, outputs):
    model = AutoModelForObjectDetection.from_pretrained(model_dir, local_files_only=True, attn_implementation="eager")
    with torch.no_grad():
        exact = model.double().eval()(inputs["pixel_values"].double(), pixel_mask=inputs["pixel_mask"])
    # Two-stage models order their queries by a top-k whose near-ties may swap: compare each query with its nearest twin.
    distance = torch.cdist(outputs.pred_boxes[0].double(), exact.pred_boxes[0], p=float("inf"))
    distance = distance + torch.cdist(outputs.logits[0].double(), exact.logits[0], p=float("inf"))
    twin = distance.argmin(1)
    logits = (outputs.logits[0] - exact.logits[0][twin]).abs().amax(1)
    boxes = (outputs.pred_boxes[0] - exact.pred_boxes[0][twin]).abs().amax(1)
    swapped = int((twin != torch.arange(len(twin))).sum())
    print(
        f"{image_name}: float32 against float64: logits {logits.max():.2e}, boxes {boxes.max():.2e}, "
        f"{swapped} of {len(twin)} queries in another place",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main()
