"""A training step of transformers as a contender of `detr4j bench train-step`: loads a model once, then answers requests.

    python torch_trainer.py MODEL_DIR --threads 2 --height 384 --width 384 --batch 8 [--train no-backbone] [--sampling DIR]

The step is that of Java's OwnTraining: pixels and boxes by formula, transformers' losses with auxiliary_loss, clipping at 0.1 and
AdamW, all in float32. Dropout is off, because a comparison of losses needs the same network. --sampling DIR takes the C kernel of
that folder (weights/codes) for deformable attention in place of grid_sample.

The first line out is `ready NAME`, or `error MESSAGE` and the end. Then one answer for each line that comes in:

    run     makes a step; answers `NANOSECONDS CPU_NANOSECONDS` of it
    loss    answers the loss of the last step, before its update

It ends with its input.
"""

import argparse
import os
import pathlib
import sys
import time

BOXES = 6
GOLDEN = 0.6180339887498949


def targets(batch, classes, torch):
    """As TrainingCase.targets in Java."""

    def fraction(n):
        return n * GOLDEN % 1

    found = []
    for image in range(batch):
        numbers = range(image * BOXES, (image + 1) * BOXES)
        boxes = [
            [0.3 + 0.4 * fraction(4 * n + 1), 0.3 + 0.4 * fraction(4 * n + 2), 0.1 + 0.3 * fraction(4 * n + 3), 0.1 + 0.3 * fraction(4 * n + 4)]
            for n in numbers
        ]
        found.append({"class_labels": torch.tensor([n % classes for n in numbers]), "boxes": torch.tensor(boxes)})
    return found


class Trainer:
    def __init__(self, arguments, torch):
        import transformers

        import detectors

        transformers.utils.logging.disable_progress_bar()
        transformers.utils.logging.set_verbosity_error()
        off = {"dropout": 0.0, "attention_dropout": 0.0, "activation_dropout": 0.0}
        self.model = transformers.AutoModelForObjectDetection.from_pretrained(
            arguments.model, local_files_only=True, dtype=torch.float32, auxiliary_loss=True, **off
        )
        if arguments.sampling:
            sys.path.insert(0, str(arguments.sampling))
            from training.deformable_attention import use_native_attention

            use_native_attention(self.model)
        self.model.requires_grad_(True).train()
        if arguments.train == "no-backbone":
            for name, parameter in self.model.named_parameters():
                if ".backbone." in name:
                    parameter.requires_grad_(False)
        self.learning = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        self.optimizer = torch.optim.AdamW(self.learning, lr=1e-5, weight_decay=1e-4)
        self.pixels = detectors.pixels(arguments.height, arguments.width).repeat(arguments.batch, 1, 1, 1)
        self.mask = torch.ones(arguments.batch, arguments.height, arguments.width, dtype=torch.long)
        self.labels = targets(arguments.batch, self.model.config.num_labels, torch)
        self.clip = torch.nn.utils.clip_grad_norm_
        self.loss = None
        sampling = "C sampling" if arguments.sampling else "grid_sample"
        self.name = f"PyTorch {torch.__version__.split('+')[0]} (transformers {transformers.__version__}, {sampling})"

    def step(self):
        outputs = self.model(pixel_values=self.pixels, pixel_mask=self.mask, labels=self.labels)
        self.optimizer.zero_grad(set_to_none=True)
        outputs.loss.backward()
        self.clip(self.learning, 0.1)
        self.optimizer.step()
        self.loss = float(outputs.loss.detach())


def serve(answers, trainer):
    for request in sys.stdin:
        if request.strip() == "run":
            cpu = time.process_time_ns()
            start = time.perf_counter_ns()
            trainer.step()
            wall = time.perf_counter_ns() - start
            answers.write(f"{wall} {time.process_time_ns() - cpu}\n".encode())
        elif request.strip() == "loss" and trainer.loss is not None:
            answers.write(f"{trainer.loss!r}\n".encode())
        else:
            answers.write(f"error unknown request {request.strip()}\n".encode())
        answers.flush()


def main():
    parser = argparse.ArgumentParser(description="Answer requests for training steps of a checkpoint directory in PyTorch.")
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--height", type=int, default=384)
    parser.add_argument("--width", type=int, default=384)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--train", choices=("all", "no-backbone"), default="all")
    parser.add_argument("--sampling", type=pathlib.Path)
    arguments = parser.parse_args()
    # Workers that spin would take the other contenders' processors.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    # What libraries print must not get between the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        import torch

        torch.set_num_threads(arguments.threads)
        trainer = Trainer(arguments, torch)
    except Exception as e:  # whatever it is, the other side is told in one line
        answers.write(f"error {type(e).__name__}: {e}".replace("\n", " ").encode() + b"\n")
        answers.flush()
        sys.exit(1)
    answers.write(f"ready {trainer.name}\n".encode())
    answers.flush()
    serve(answers, trainer)


if __name__ == "__main__":
    main()
