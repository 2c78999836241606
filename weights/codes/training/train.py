"""Trains the detector. Goes on from the last checkpoint of the run's folder, waits while the pause file exists."""

import argparse
import json
import math
import os
import time
from functools import partial
from pathlib import Path

import torch

from . import parallel
from .batches import Batches, normalised
from .deformable_attention import use_native_attention
from .dense import DenseStart, dense_loss
from .detector import RememberedPositions, build_for_training, keep_heads_exact, published_weights, save
from .loss import Targets, detection_loss


def _rate(step, steps, cooldown):
    """A short rise, a plateau, and a straight way down over the last `cooldown` steps."""
    return min(1.0, (step + 1) / 300, max(0.02, (steps - step) / max(1, cooldown)))


def _optimizer(model, dense, rate):
    groups = {"offsets": [], "plain": list(dense.parameters()), "decayed": []}
    for name, parameter in model.named_parameters():
        kind = "offsets" if "sampling_offsets" in name else "plain" if parameter.ndim < 2 else "decayed"
        groups[kind].append(parameter)
    return torch.optim.AdamW(
        [
            {"params": groups["decayed"], "share": 1.0, "weight_decay": 1e-2},
            {"params": groups["plain"], "share": 1.0, "weight_decay": 0.0},
            {"params": groups["offsets"], "share": 0.1, "weight_decay": 0.0},
        ],
        lr=rate,
    )


def _outputs(model, pixels):
    out = model(pixels)
    classes, boxes = [], []
    references = torch.cat([out.init_reference_points[:, None], out.intermediate_reference_points[:, :-1]], 1)
    for layer in range(out.intermediate_hidden_states.shape[1]):
        hidden = out.intermediate_hidden_states[:, layer]
        reference = references[:, layer].clamp(1e-5, 1 - 1e-5)
        classes.append(model.class_embed[layer](hidden))
        boxes.append((model.bbox_embed[layer](hidden) + (reference / (1 - reference)).log()).sigmoid())
    proposals = out.enc_outputs_coord_logits
    return {
        "classes": torch.stack(classes),
        "boxes": torch.stack(boxes),
        "proposal_classes": out.enc_outputs_class,
        "proposal_boxes": proposals.sigmoid(),
    }


def _anchors(height, width, levels=4):
    """Each token's own box, in the order of the encoder's tokens."""
    anchors = []
    for level in range(levels):
        rows, columns = -(-height // (8 << level)), -(-width // (8 << level))
        y, x = torch.meshgrid((torch.arange(rows) + 0.5) / rows, (torch.arange(columns) + 0.5) / columns, indexing="ij")
        size = torch.full_like(x, 0.05 * 2**level)
        anchors.append(torch.stack([x, y, size, size], -1).reshape(-1, 4))
    return torch.cat(anchors)


class _Average:
    """A moving average of the weights and statistics."""

    def __init__(self, model):
        self.state = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model, step):
        keep = min(0.9985, (1 + step) / (20 + step))
        for name, tensor in model.state_dict().items():
            if tensor.dtype.is_floating_point:
                self.state[name].lerp_(tensor, 1 - keep)
            else:
                self.state[name].copy_(tensor)


def _store(path, content):
    unfinished = path.with_suffix(".tmp")
    torch.save(content, unfinished)
    unfinished.rename(path)


def _begin_with(model, weights):
    """Puts published weights in place; only the counts of batch normalisation begin anew."""
    missing, unexpected = model.load_state_dict(weights, strict=False)
    if unexpected or not all(name.endswith("num_batches_tracked") for name in missing):
        raise ValueError("not weights of this network: missing %s, unexpected %s" % (missing, unexpected))


def _load(checkpoint, model, dense, optimizer, average):
    """Puts a checkpoint's state in place; returns its step, 0 without one."""
    if not checkpoint.exists():
        return 0
    stored = torch.load(checkpoint, map_location=model.device, weights_only=True)
    model.load_state_dict(stored["model"])
    dense.load_state_dict(stored["dense"])
    optimizer.load_state_dict(stored["optimizer"])
    average.state = stored["average"]
    return stored["step"]


def _stage(step, arguments):
    """What the pictures are like: close-ups first, small ones then."""
    if step < arguments.dense_until // 2:
        return {"scale": 0.4, "mosaic": 0.0, "focus": 0.75}
    return {"scale": 0.6 if step < arguments.small_until else 1.0, "mosaic": 0.15, "focus": 0.25}


def _step(model, forward, judge, optimizer, pixels, batch, limit, processes, half):
    """One step of the optimizer, with products in bf16 if `half`; returns the loss and its parts by name."""
    with torch.autocast(model.device.type, torch.bfloat16, enabled=half):
        outputs = forward(normalised(pixels.to(model.device)))
    outputs = {name: tensor.float() for name, tensor in outputs.items()}
    anchors = _anchors(*pixels.shape[1:3]).to(model.device)
    loss, parts = judge(outputs, Targets.of(batch, model.device), anchors)
    optimizer.zero_grad()
    loss.backward()
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    parallel.average_gradients(parameters, processes)
    norm = float(torch.nn.utils.clip_grad_norm_(parameters, limit))
    if math.isfinite(norm):
        optimizer.step()
    return {name: float(value.detach()) for name, value in dict(parts, loss=loss).items()} | {"norm": norm}


def train(rank, processes, arguments):
    torch.set_num_threads(1)
    torch.manual_seed(arguments.seed)
    run = Path(arguments.run)
    model = build_for_training()
    if arguments.backbone:
        model.model.backbone.load_state_dict(torch.load(arguments.backbone, weights_only=True))
    if arguments.weights:
        _begin_with(model, published_weights(arguments.weights))
    if arguments.device == "cpu":
        use_native_attention(model)
    else:
        torch.set_float32_matmul_precision("high")
    keep_heads_exact(model)
    model.model.position_embedding = RememberedPositions(model.model.position_embedding)
    model.to(arguments.device, memory_format=torch.channels_last).train()
    dense = DenseStart(model).to(arguments.device)
    optimizer, average = _optimizer(model, dense, arguments.rate), _Average(model)
    step = _load(run / "checkpoint.pt", model, dense, optimizer, average)
    share = arguments.batch // processes
    log = (run / "log.jsonl").open("a")
    begun = time.time()
    while step < arguments.steps and not (arguments.minutes and time.time() - begun > 60 * arguments.minutes):
        # A new loader for each stretch sees the shards that were written meanwhile.
        count = min(arguments.every - step % arguments.every, arguments.steps - step)
        stage = _stage(step, arguments)
        forward, judge = (dense, dense_loss) if step < arguments.dense_until else (partial(_outputs, model), detection_loss)
        batches = Batches(arguments.data, (arguments.seed, rank), share, step, count, **stage)
        loader = torch.utils.data.DataLoader(batches, batch_size=None, num_workers=arguments.workers, prefetch_factor=4)
        start, summed = time.time(), {}
        for pixels, batch in loader:
            if arguments.minutes and time.time() - begun > 60 * arguments.minutes:
                break
            while arguments.pause_file and os.path.exists(arguments.pause_file):
                time.sleep(1)
            rate = arguments.rate * _rate(step, arguments.steps, arguments.cooldown)
            for group in optimizer.param_groups:
                group["lr"] = rate * group["share"]
            values = _step(model, forward, judge, optimizer, pixels, batch, 5.0 if step < 300 else 1.0, processes, step < arguments.bf16_until)
            step += 1
            if rank:
                continue
            average.update(model, step)
            for name, value in values.items():
                summed[name] = summed.get(name, 0.0) + value
            if step % 50 == 0:
                means = {name: round(value / 50, 4) for name, value in summed.items()}
                speed = 50 * arguments.batch / (time.time() - start)
                log.write(json.dumps({"step": step, "images_per_second": round(speed, 1), "rate": rate, **means}) + "\n")
                log.flush()
                start, summed = time.time(), {}
        if not rank:
            states = {"model": model.state_dict(), "dense": dense.state_dict(), "optimizer": optimizer.state_dict(), "average": average.state}
            _store(run / "checkpoint.pt", {**states, "step": step})
            save(average.state, run / "latest")
        parallel.wait_for_all(processes)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", help="data set of generator.make_dataset")
    parser.add_argument("run", help="folder of this run: checkpoint.pt, latest/, log.jsonl")
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--cooldown", type=int, default=3000, help="steps over which the rate falls at the end")
    parser.add_argument("--batch", type=int, default=16, help="pictures a step, of all processes together")
    parser.add_argument("--rate", type=float, default=8e-4)
    parser.add_argument("--backbone", help="weights that training.crops wrote, for the start of a run")
    parser.add_argument("--weights", help="folder of a published model to go on from, for the start of a run")
    parser.add_argument("--dense-until", type=int, default=0, help="backbone and proposals alone up to this step")
    parser.add_argument("--small-until", type=int, default=0, help="pictures of 0.6 times the side up to this step")
    parser.add_argument("--bf16-until", type=int, default=0, help="products in bf16 up to this step; for processors that have them")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--processes", type=int, default=2, help="processes that share a batch; 1 on a GPU")
    parser.add_argument("--workers", type=int, default=1, help="processes that read batches, for each that trains")
    parser.add_argument("--every", type=int, default=250, help="steps between checkpoints")
    parser.add_argument("--minutes", type=float, help="stop with a checkpoint after so long; with one process")
    parser.add_argument("--pause-file", help="wait while this file exists")
    arguments = parser.parse_args()
    Path(arguments.run).mkdir(parents=True, exist_ok=True)
    parallel.run(train, arguments.processes, arguments)


if __name__ == "__main__":
    main()
