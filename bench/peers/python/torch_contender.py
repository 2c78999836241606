"""PyTorch eager as a contender of the comparison in Java: loads a model once, then answers requests.

    python torch_contender.py MODEL_DIR --threads 2 [--height 800] [--width 1066]

The first line out is `ready NAME`, or `error MESSAGE` and the end. Then one answer for each line that comes in:

    run        runs the model; answers `NANOSECONDS CPU_NANOSECONDS` of that run
    outputs    answers `QUERIES CLASSES` of the last run, then the logits and the boxes as little-endian float32

It ends with its input. By hand: `printf 'run\\nrun\\nrun\\n' | python torch_contender.py MODEL_DIR --threads 1`.
"""

import argparse
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


def main():
    parser = argparse.ArgumentParser(description="Answer requests for runs of a checkpoint directory in PyTorch eager.")
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--height", type=int)
    parser.add_argument("--width", type=int)
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
