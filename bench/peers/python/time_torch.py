"""Times PyTorch eager on the same checkpoint and input as the Java comparison: pixel values in, logits and boxes out.

    python time_torch.py MODEL_DIR [--threads 1 2] [--rounds 7] [--height 800] [--width 1066]
"""

import argparse
import pathlib
import statistics
import time

import torch
import transformers
from transformers import AutoModelForObjectDetection

from formula import uniform


def main():
    parser = argparse.ArgumentParser(description="Time PyTorch eager on a checkpoint directory.")
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--threads", type=int, nargs="+", default=[1])
    parser.add_argument("--warm-up", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--height", type=int, default=800)
    parser.add_argument("--width", type=int, default=1066)
    arguments = parser.parse_args()
    transformers.utils.logging.disable_progress_bar()
    # No attn_implementation: eager execution with whichever attention transformers takes by itself, its fastest.
    model = AutoModelForObjectDetection.from_pretrained(arguments.model, local_files_only=True).eval()
    pixels = torch.from_numpy(uniform("input", 7, (1, 3, arguments.height, arguments.width), 0.0, 2.0))
    print("| model | input | threads | median s | min s | max s | rounds | torch | transformers |")
    print("|---|---|---|---|---|---|---|---|---|")
    for threads in arguments.threads:
        torch.set_num_threads(threads)
        seconds = []
        with torch.inference_mode():
            for i in range(arguments.warm_up + arguments.rounds):
                start = time.perf_counter()
                model(pixels)
                if i >= arguments.warm_up:
                    seconds.append(time.perf_counter() - start)
        print(
            f"| {arguments.model.resolve().name} | 1x3x{arguments.height}x{arguments.width} | {threads} "
            f"| {statistics.median(seconds):.3f} | {min(seconds):.3f} | {max(seconds):.3f} | {arguments.rounds} "
            f"| {torch.__version__.split('+')[0]} | {transformers.__version__} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
