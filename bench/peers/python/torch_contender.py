"""PyTorch eager as a contender of the comparison in Java: loads a model once, then answers requests.

    python torch_contender.py MODEL_DIR --threads 2 [--height 800] [--width 1066] [--bf16]

--bf16 runs the faster of two forms: the whole model in bf16 with channels last, or autocast.

The first line out is `ready NAME`, or `error MESSAGE` and the end. Then one answer for each line that comes in:

    run        runs the model; answers `NANOSECONDS CPU_NANOSECONDS` of that run
    outputs    answers `QUERIES CLASSES` of the last run, then the logits and the boxes as little-endian float32

It ends with its input. By hand: `printf 'run\\nrun\\nrun\\n' | python torch_contender.py MODEL_DIR --threads 1`.
"""

import argparse
import copy
import os
import pathlib
import sys
import time


def serve(answers, module, pixels, torch):
    outputs = None
    for request in sys.stdin:
        if request.strip() == "run":
            cpu = time.process_time_ns()
            start = time.perf_counter_ns()
            outputs = module(pixels)
            wall = time.perf_counter_ns() - start
            answers.write(f"{wall} {time.process_time_ns() - cpu}\n".encode())
        elif request.strip() == "outputs" and outputs is not None:
            logits, boxes = outputs
            answers.write(f"{logits.shape[1]} {logits.shape[2]}\n".encode())
            for tensor in (logits, boxes):
                answers.write(tensor.to(torch.float32).contiguous().numpy().astype("<f4").tobytes())
        else:
            answers.write(f"error unknown request {request.strip()}\n".encode())
        answers.flush()


class ChannelsLast:
    """The whole model in bf16, its maps with channels last."""

    name = "bf16, channels last"

    def __init__(self, module, torch):
        self.module = copy.deepcopy(module).to(dtype=torch.bfloat16, memory_format=torch.channels_last)
        self.torch = torch

    def __call__(self, pixels):
        return self.module(pixels.to(dtype=self.torch.bfloat16, memory_format=self.torch.channels_last))


class Autocast:
    """fp32 weights; PyTorch chooses which operations run in bf16."""

    name = "bf16, autocast"

    def __init__(self, module, torch):
        self.module = module
        self.torch = torch

    def __call__(self, pixels):
        with self.torch.autocast("cpu", dtype=self.torch.bfloat16):
            return self.module(pixels)


def faster_of_bf16(module, pixels, torch):
    """Both forms run three times; the best run of each counts. A form that cannot run this model is left out."""
    best, chosen, errors = None, None, []
    for form in (ChannelsLast, Autocast):
        try:
            with torch.inference_mode():
                candidate = form(module, torch)
                times = []
                for _ in range(3):
                    start = time.perf_counter_ns()
                    candidate(pixels)
                    times.append(time.perf_counter_ns() - start)
        except RuntimeError as e:
            errors.append(f"{form.name}: {e}")
            continue
        if best is None or min(times) < best:
            best, chosen = min(times), candidate
    if chosen is None:
        raise RuntimeError("; ".join(errors))
    return chosen


def main():
    parser = argparse.ArgumentParser(description="Answer requests for runs of a checkpoint directory in PyTorch eager.")
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--height", type=int)
    parser.add_argument("--width", type=int)
    parser.add_argument("--bf16", action="store_true")
    arguments = parser.parse_args()
    # What libraries print must not get between the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        import torch

        import detectors

        torch.set_num_threads(arguments.threads)
        # No attn_implementation: whichever attention transformers takes by itself, its fastest.
        module, name = detectors.load(arguments.model)
        pixels = detectors.pixels(*detectors.size_of(arguments))
        if arguments.bf16:
            module = faster_of_bf16(module, pixels, torch)
            name = f"{name}, {module.name}"
    except Exception as e:  # whatever it is, the other side is told in one line
        answers.write(f"error {type(e).__name__}: {e}".replace("\n", " ").encode() + b"\n")
        answers.flush()
        sys.exit(1)
    answers.write(f"ready {name}\n".encode())
    answers.flush()
    with torch.inference_mode():
        serve(answers, module, pixels, torch)


if __name__ == "__main__":
    main()
