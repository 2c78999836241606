"""Whether transformers itself loads what `./detr4j models convert` wrote, and computes the same.

    python check_conversion.py CONVERTED [--golden weights/golden/models/orig_two_stage]

Loading must leave no key missing, unexpected or of another shape; every tensor must be in the model bit for bit; and saving
again must give the same names. With --golden the model also runs on the input of a golden case whose weights were
converted, and its logits and boxes are compared with what the original project computed. Exit code 1 if anything differs.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.numpy import load_file
from transformers import AutoImageProcessor, AutoModelForObjectDetection

from formula import uniform


def keys(file):
    with safe_open(str(file), "pt") as tensors:
        return set(tensors.keys())


def loaded(folder):
    model, info = AutoModelForObjectDetection.from_pretrained(folder, output_loading_info=True)
    AutoImageProcessor.from_pretrained(folder)
    problems = [f"{kind}: {sorted(map(str, names))[:3]}" for kind, names in info.items() if names]
    with tempfile.TemporaryDirectory() as again:
        model.save_pretrained(again)
        ours, theirs = keys(folder / "model.safetensors"), keys(Path(again) / "model.safetensors")
        if ours != theirs:
            problems.append(f"saved again: only here {sorted(ours - theirs)[:3]}, only there {sorted(theirs - ours)[:3]}")
        with safe_open(str(folder / "model.safetensors"), "pt") as a, safe_open(again + "/model.safetensors", "pt") as b:
            changed = [name for name in sorted(ours & theirs) if not torch.equal(a.get_tensor(name), b.get_tensor(name))]
        if changed:
            problems.append(f"{len(changed)} tensors changed, first {changed[0]}")
    print(f"{type(model).__name__}: {len(ours)} tensors")
    return model.eval(), problems


def nearest(rows, queries):
    """For each row of the original the query that is nearest: near-ties of a top-k swap queries."""
    return torch.cdist(rows, queries, p=float("inf")).argmin(dim=1)


def compare(model, case):
    manifest = json.loads((case / "manifest.json").read_text())
    entry = manifest["input"]
    pixels = torch.from_numpy(uniform(entry["key"], manifest["seed"], entry["shape"], entry["base"], entry["scale"]))
    mask = torch.zeros(pixels.shape[0], *pixels.shape[2:], dtype=torch.long)
    for image, (height, width) in enumerate(entry["valid_hw"]):
        mask[image, :height, :width] = 1
    with torch.no_grad():
        got = model(pixel_values=pixels, pixel_mask=mask)
    stored = load_file(case / "expected.safetensors")
    index = json.loads((case.parent.parent / "index.json").read_text())
    tolerances = next((c["tolerance"] for c in index["models"] if c["case"] == case.name), {})
    problems = []
    for image in range(pixels.shape[0]):
        logits, boxes = (torch.from_numpy(np.asarray(stored[name][image])) for name in ("logits", "pred_boxes"))
        actual = torch.cat([got.logits[image], got.pred_boxes[image]], dim=1)
        order = nearest(torch.cat([logits, boxes], dim=1), actual)
        for name, expected, values in (("logits", logits, got.logits), ("boxes", boxes, got.pred_boxes)):
            worst = (values[image][order] - expected).abs().max().item()
            # As weights/golden/README.md says of a case without an entry: the floors.
            limit = tolerances.get(name, 5e-5 if name == "logits" else 5e-6)
            print(f"image {image}, {name}: largest difference {worst:.2g}, tolerance {limit:.2g}")
            if not worst <= limit:
                problems.append(f"{name} differ by {worst:.2g}")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("converted", type=Path)
    parser.add_argument("--golden", type=Path, help="folder of the golden case whose weights were converted")
    arguments = parser.parse_args()
    model, problems = loaded(arguments.converted)
    if arguments.golden:
        problems += compare(model, arguments.golden)
    print("\n".join(problems) if problems else "no difference")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
