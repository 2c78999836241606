"""Exports the checkpoint directories of make_models.py, or any Hugging Face DETR, to ONNX for ONNX Runtime.

    python export_onnx.py MODEL_DIR OUT.onnx [--height 800] [--width 1066] [--skip-check]

One input `pixel_values` [1, 3, height, width] (normalised, no padding), outputs `logits` and `pred_boxes`; opset 17, fixed shape
(the legacy exporter traces the sizes into the graph). The deformable models of transformers do not run as exported: the
sampling grid comes out as double while ONNX Runtime has GridSample for float only, so a Cast to float is put ahead of every
GridSample. The result is then compared with PyTorch on a seeded input.
"""

import argparse
import inspect
import pathlib
import sys

import onnx
import torch
from onnx import TensorProto, helper

import detectors


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


def fold_position_tables(module, pixels):
    """Resampled position tables become constants: they depend on the input's size alone, and ONNX has no antialiased resampling.

    The tables are those of the first run, which happens here.
    """
    for part in module.modules():
        if hasattr(part, "interpolate_pos_encoding"):
            part.interpolate_pos_encoding = remembered(part.interpolate_pos_encoding)
    with torch.no_grad():
        module(pixels)


def remembered(function):
    results = []

    def call(*arguments):
        if not results:
            results.append(function(*arguments))
        return results[0]

    return call


def onnx_runtime_outputs(graph_file, pixels, threads):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(graph_file), options, providers=["CPUExecutionProvider"])
    return session.run(["logits", "pred_boxes"], {"pixel_values": pixels.numpy()})


def main():
    parser = argparse.ArgumentParser(description="Export a DETR or Deformable DETR checkpoint directory to ONNX.")
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    detectors.add_size_options(parser)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--skip-check", action="store_true", help="do not compare with PyTorch afterwards")
    parser.add_argument("--tolerance", type=float, default=2e-3, help="largest accepted difference of a logit")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)

    module, _ = detectors.load(arguments.model, attn_implementation="eager")
    pixels = detectors.pixels(*detectors.size_of(arguments))
    fold_position_tables(module, pixels)
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
    outputs = onnx_runtime_outputs(arguments.out, pixels, arguments.threads)
    difference = detectors.differences(outputs, detectors.numpy_outputs(module, pixels))
    sys.exit(detectors.report("against PyTorch", difference, arguments.tolerance))


if __name__ == "__main__":
    main()
