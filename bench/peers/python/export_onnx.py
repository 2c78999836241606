"""Exports Hugging Face DETR and Deformable DETR checkpoint directories to ONNX for ONNX Runtime.

    python export_onnx.py MODEL_DIR OUT.onnx [--height 800] [--width 1066] [--skip-check]

One input `pixel_values` [1, 3, height, width] (normalised, no padding), outputs `logits` and `pred_boxes`; opset 17, fixed shape
(the legacy exporter traces the sizes into the graph). The deformable models do not run as exported: the sampling grid comes out
as double while ONNX Runtime has GridSample for float only, so a Cast to float is put ahead of every GridSample. The
result is then compared with PyTorch on a seeded input.
"""

import argparse
import inspect
import pathlib
import sys

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper
from transformers import AutoModelForObjectDetection

from formula import uniform


class RawOutputs(torch.nn.Module):
    """The detector without the image processor: pixel values in, logits and boxes of the last decoder layer out."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, pixel_values):
        outputs = self.model(pixel_values, return_dict=True)
        return outputs.logits, outputs.pred_boxes


def cast_grids_to_float(graph_file: pathlib.Path) -> int:
    """Inserts the casts in place; returns how many."""
    model = onnx.load(graph_file)
    nodes = []
    casts = 0
    for node in model.graph.node:
        if node.op_type == "GridSample":
            grid = node.input[1]
            cast_grid = f"{grid}_float_{casts}"
            nodes.append(helper.make_node("Cast", [grid], [cast_grid], name=cast_grid, to=TensorProto.FLOAT))
            node.input[1] = cast_grid
            casts += 1
        nodes.append(node)
    if casts:
        del model.graph.node[:]
        model.graph.node.extend(nodes)
        # The exporter recorded the shapes and types it inferred before the casts; they are no longer true.
        del model.graph.value_info[:]
        onnx.save(model, graph_file)
    return casts


def compare(graph_file, module, pixels, threads):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(graph_file), options, providers=["CPUExecutionProvider"])
    logits, boxes = session.run(None, {"pixel_values": pixels.numpy()})
    with torch.no_grad():
        expected_logits, expected_boxes = (t.numpy() for t in module(pixels))
    # Near-ties in the top-k of two-stage models may swap queries: compare each query with its nearest twin.
    distance = np.abs(logits[0][:, None, :] - expected_logits[0][None, :, :]).max(-1)
    distance += np.abs(boxes[0][:, None, :] - expected_boxes[0][None, :, :]).max(-1)
    twin = distance.argmin(1)
    return (
        float(np.abs(logits[0] - expected_logits[0][twin]).max()),
        float(np.abs(boxes[0] - expected_boxes[0][twin]).max()),
        int((twin != np.arange(len(twin))).sum()),
    )


def main():
    parser = argparse.ArgumentParser(description="Export a DETR or Deformable DETR checkpoint directory to ONNX.")
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--height", type=int, default=800)
    parser.add_argument("--width", type=int, default=1066)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--skip-check", action="store_true", help="do not compare with PyTorch afterwards")
    parser.add_argument("--tolerance", type=float, default=2e-3, help="largest accepted difference of a logit")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)

    model = AutoModelForObjectDetection.from_pretrained(arguments.model, local_files_only=True, attn_implementation="eager")
    # The exporter restores the mode of the outermost module on all of its parts, so that one must be in eval mode too.
    module = RawOutputs(model).eval()
    pixels = torch.from_numpy(uniform("input", 7, (1, 3, arguments.height, arguments.width), 0.0, 2.0))
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    legacy = {"dynamo": False} if "dynamo" in inspect.signature(torch.onnx.export).parameters else {}
    with torch.no_grad():
        torch.onnx.export(
            module, (pixels,), str(arguments.out), opset_version=17, input_names=["pixel_values"],
            output_names=["logits", "pred_boxes"], do_constant_folding=True, **legacy,
        )
    casts = cast_grids_to_float(arguments.out)
    print(f"{arguments.out}: exported, {casts} casts inserted", flush=True)
    if arguments.skip_check:
        return
    logits, boxes, swapped = compare(arguments.out, module, pixels, arguments.threads)
    print(f"against PyTorch: logits {logits:.2e}, boxes {boxes:.2e}, {swapped} queries in another place")
    if logits > arguments.tolerance:
        sys.exit(f"error: logits differ by {logits:.2e}, more than {arguments.tolerance:.0e}")


if __name__ == "__main__":
    main()
