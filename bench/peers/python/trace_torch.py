"""Traces a checkpoint directory of make_models.py to TorchScript, which DJL's PyTorch engine runs in a JVM.

    python trace_torch.py MODEL_DIR OUT.pt [--height 800] [--width 1066] [--skip-check]

One input [1, 3, height, width] (normalised, no padding), outputs logits and boxes. The result is read again and compared with
PyTorch on a seeded input.
"""

import argparse
import pathlib
import sys
import warnings

import torch

import detectors


def main():
    parser = argparse.ArgumentParser(description="Trace a DETR or Deformable DETR checkpoint directory to TorchScript.")
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    detectors.add_size_options(parser)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--skip-check", action="store_true", help="do not compare with PyTorch afterwards")
    parser.add_argument("--tolerance", type=float, default=2e-3, help="largest accepted difference of a logit")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)

    module, _ = detectors.load(arguments.model)
    pixels = detectors.pixels(*detectors.size_of(arguments))
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    with torch.no_grad(), warnings.catch_warnings():
        # Sizes that become constants are what is wanted: the input has one size.
        warnings.simplefilter("ignore", torch.jit.TracerWarning)
        traced = torch.jit.trace(module, (pixels,), check_trace=False, strict=False)
    torch.jit.save(traced, str(arguments.out))
    print(f"{arguments.out}: traced", flush=True)
    if arguments.skip_check:
        return
    outputs = detectors.numpy_outputs(torch.jit.load(str(arguments.out)), pixels)
    difference = detectors.differences(outputs, detectors.numpy_outputs(module, pixels))
    sys.exit(detectors.report("against eager", difference, arguments.tolerance))


if __name__ == "__main__":
    main()
