"""Times single operations of PyTorch for dev.detr4j.bench.kernel.CompareKernels, which starts this as a child process.

It says "ready" with versions, or "missing" with what cannot be imported. Then each line of tab-separated words on standard input is
a request, and each answer is one line: "ok" with a number where one is asked for, or "error" with a reason.

    threads N                                           sets PyTorch's threads
    convolution NAME CASE IN OUT KERNEL STRIDE H W HOW  prepares a convolution as NAME; HOW: eager or packed
    deformable NAME CASE REACH HEADS POINTS LEVELS HOW  prepares deformable attention; LEVELS: 100x134,50x67,...; HOW: whole or core
    run NAME N                                          runs it N times; answers nanoseconds
    save NAME FILE                                      runs it, writes fp32 little-endian as detr4j lays it out (channels last)
    forget NAME                                         frees what is prepared

Inputs are those of CASE in CompareKernels, by formula.
"""

import sys
import time

try:
    import numpy as np
    import torch
    import transformers
    from transformers.models.deformable_detr.modeling_deformable_detr import MultiScaleDeformableAttention

    from formula import uniform
except ImportError as e:
    print("missing", e, sep="\t", flush=True)
    sys.exit(3)

SEED = 11


def tensor(key, scale, *shape):
    return torch.from_numpy(uniform(key, SEED, shape, 0.0, scale))


def convolution(case, channels, out_channels, kernel, stride, height, width, how):
    """oneDNN's convolution with a bias, channels last: as PyTorch calls it, or with the weights in oneDNN's own layout beforehand."""
    x = tensor(case + " input", 1.0, 1, height, width, channels).permute(0, 3, 1, 2)  # is channels_last as it lies
    weight = tensor(case + " weight", 1.0, out_channels, channels, kernel, kernel).contiguous(memory_format=torch.channels_last)
    bias = tensor(case + " bias", 1.0, out_channels)
    padding = kernel // 2
    if how == "eager":
        return lambda: torch.nn.functional.conv2d(x, weight, bias, stride, padding)
    packed = torch.ops.mkldnn._reorder_convolution_weight(
        weight, [padding] * 2, [stride] * 2, [1, 1], 1, list(x.shape)
    )
    return lambda: torch.ops.mkldnn._convolution_pointwise(
        x, packed, bias, [padding] * 2, [stride] * 2, [1, 1], 1, "none", [], ""
    )


def deformable(case, reach, heads, points, levels, how):
    """
    Deformable attention between its projections, as transformers has it without custom kernels: softmax, locations, grid_sample.
    "core" times grid_sample and the weighted sum alone, on locations and weights made beforehand.
    """
    tokens = sum(h * w for h, w in levels)
    count = len(levels)
    value = tensor(case + " value", 1.0, 1, tokens, heads, 32)
    offsets = tensor(case + " offsets", reach, 1, tokens, heads, count, points, 2)
    logits = tensor(case + " logits", 4.0, 1, tokens, heads, count * points)
    centres = []
    for h, w in levels:
        y, x = np.meshgrid((np.arange(h) + 0.5) / h, (np.arange(w) + 0.5) / w, indexing="ij")
        centres.append(np.stack([x, y], -1).reshape(-1, 2).astype(np.float32))
    reference = torch.from_numpy(np.concatenate(centres))[None, :, None, :].expand(1, tokens, count, 2)
    shapes = torch.tensor(levels)
    starts = torch.cat([shapes.new_zeros(1), shapes.prod(1).cumsum(0)[:-1]])
    normalizer = torch.stack([shapes[:, 1], shapes[:, 0]], -1)
    attention = MultiScaleDeformableAttention()

    def prepare():
        weights = torch.nn.functional.softmax(logits, -1).view(1, tokens, heads, count, points)
        locations = reference[:, :, None, :, None, :] + offsets / normalizer[None, None, None, :, None, :]
        return locations, weights

    def core(locations, weights):
        return attention(value, shapes, levels, starts, locations, weights, 64)

    if how == "core":
        prepared = prepare()
        return lambda: core(*prepared)
    return lambda: core(*prepare())


def save(result, file):
    if result.dim() == 4:
        result = result.permute(0, 2, 3, 1)
    result.contiguous().numpy().astype("<f4").tofile(file)


def answer(words, prepared):
    match words:
        case ["threads", count]:
            torch.set_num_threads(int(count))
        case ["convolution", name, case, *numbers, how]:
            prepared[name] = convolution(case, *(int(n) for n in numbers), how)
        case ["deformable", name, case, reach, heads, points, levels, how]:
            shapes = [tuple(int(n) for n in level.split("x")) for level in levels.split(",")]
            prepared[name] = deformable(case, float(reach), int(heads), int(points), shapes, how)
        case ["run", name, times]:
            run = prepared[name]
            start = time.perf_counter_ns()
            for _ in range(int(times)):
                run()
            return time.perf_counter_ns() - start
        case ["save", name, file]:
            save(prepared[name](), file)
        case ["forget", name]:
            del prepared[name]
        case _:
            raise ValueError("no such request: " + " ".join(words))
    return ""


def main():
    prepared = {}
    print("ready", f"PyTorch {torch.__version__}, transformers {transformers.__version__}", sep="\t", flush=True)
    with torch.inference_mode():
        for line in sys.stdin:
            try:
                print("ok", answer(line.rstrip("\n").split("\t"), prepared), sep="\t", flush=True)
            except Exception as e:  # every failure is the answer to its request
                print("error", f"{type(e).__name__}: {e}".replace("\n", " ")[:300], sep="\t", flush=True)


if __name__ == "__main__":
    main()
