"""Deformable DETR with box refinement on a ConvNeXt V2 tiny backbone, all four stages as levels, in plain PyTorch.

Written from the papers (Woo et al. 2023; Zhu et al. 2021) for the checkpoint that birder publishes; parameter names are those
of its file, so load_state_dict takes it as it is. One image without padding, inference only. Deformable attention is the
usual formulation for PyTorch without a custom kernel: one grid_sample for each level.

    python convnext_deformable.py [GOLDEN_CASE_DIR]

compares it with the stored outputs of birder itself (default: weights/golden/models/birder_boxref of this checkout), and fails
if any differs by more than ten times the rounding noise recorded there.
"""

import json
import math
import pathlib
import sys

import torch
import torch.nn.functional as F
from torch import nn

from formula import uniform

WIDTH = 256
HEADS = 8
POINTS = 4
LEVELS = 4
LAYERS = 6
QUERIES = 300
CLASSES = 91
DEPTHS = (3, 3, 9, 3)
CHANNELS = (96, 192, 384, 768)
GOLDEN_CASE = pathlib.Path(__file__).resolve().parents[3] / "weights/golden/models/birder_boxref"


class ChannelNorm(nn.LayerNorm):
    """LayerNorm over the channels of [N, C, H, W]."""

    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Permute(nn.Module):
    def __init__(self, *order):
        super().__init__()
        self.order = order

    def forward(self, x):
        return x.permute(self.order)


class GlobalResponseNorm(nn.Module):
    """Channels last: each channel is scaled by its norm over the map, relative to the mean norm of all channels."""

    def __init__(self, channels):
        super().__init__()
        self.gamma = nn.Parameter(torch.empty(1, 1, 1, channels))
        self.beta = nn.Parameter(torch.empty(1, 1, 1, channels))

    def forward(self, x):
        norm = torch.sqrt((x * x).sum(dim=(1, 2), keepdim=True))
        return x + self.beta + self.gamma * (x * (norm / (norm.mean(dim=-1, keepdim=True) + 1e-6)))


class Block(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.block = nn.Sequential(
            nn.Conv2d(channels, channels, 7, padding=3, groups=channels),
            Permute(0, 2, 3, 1),
            nn.LayerNorm(channels, eps=1e-6),
            nn.Linear(channels, 4 * channels),
            nn.GELU(),
            GlobalResponseNorm(4 * channels),
            nn.Linear(4 * channels, channels),
            Permute(0, 3, 1, 2),
        )

    def forward(self, x):
        return x + self.block(x)


class ConvNextV2(nn.Module):
    def __init__(self):
        super().__init__()
        # The norm of the stem alone has the epsilon of torch's default.
        self.stem = nn.Sequential(nn.Conv2d(3, CHANNELS[0], 4, stride=4), ChannelNorm(CHANNELS[0], eps=1e-5))
        stages = {}
        for stage, (depth, channels) in enumerate(zip(DEPTHS, CHANNELS)):
            parts = [Block(channels) for _ in range(depth)]
            if stage > 0:
                before = CHANNELS[stage - 1]
                parts.insert(0, nn.Sequential(ChannelNorm(before, eps=1e-6), nn.Conv2d(before, channels, 2, stride=2)))
            stages[f"stage{stage + 1}"] = nn.Sequential(*parts)
        self.body = nn.ModuleDict(stages)

    def forward(self, x):
        x = self.stem(x)
        maps = []
        for stage in self.body.values():
            x = stage(x)
            maps.append(x)
        return maps


class DeformableAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.sampling_offsets = nn.Linear(WIDTH, HEADS * LEVELS * POINTS * 2)
        self.attention_weights = nn.Linear(WIDTH, HEADS * LEVELS * POINTS)
        self.value_proj = nn.Linear(WIDTH, WIDTH)
        self.output_proj = nn.Linear(WIDTH, WIDTH)

    def forward(self, queries, references, memory, shapes):
        """queries [1, Q, C], references [1, Q, 2 or 4] in 0..1, memory [1, tokens, C], shapes [(H, W), ...]."""
        count = queries.shape[1]
        offsets = self.sampling_offsets(queries).view(1, count, HEADS, LEVELS, POINTS, 2)
        weights = self.attention_weights(queries).view(1, count, HEADS, LEVELS * POINTS).softmax(-1)
        centres = references[:, :, None, None, None, :2]
        if references.shape[-1] == 2:
            sizes = torch.tensor([[w, h] for h, w in shapes], dtype=queries.dtype)
            locations = centres + offsets / sizes[None, None, None, :, None, :]
        else:
            locations = centres + offsets / POINTS * references[:, :, None, None, None, 2:] * 0.5
        grids = 2 * locations - 1
        values = self.value_proj(memory).split([h * w for h, w in shapes], dim=1)
        samples = []
        for level, (height, width) in enumerate(shapes):
            value = values[level].transpose(1, 2).reshape(HEADS, WIDTH // HEADS, height, width)
            grid = grids[0, :, :, level].transpose(0, 1)
            samples.append(F.grid_sample(value, grid, mode="bilinear", padding_mode="zeros", align_corners=False))
        # [heads, C / heads, Q, levels * points] weighted by [heads, 1, Q, levels * points]
        weights = weights[0].transpose(0, 1).unsqueeze(1)
        summed = (torch.cat(samples, dim=-1) * weights).sum(-1)
        return self.output_proj(summed.reshape(1, WIDTH, count).transpose(1, 2))


class SelfAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.in_proj_weight = nn.Parameter(torch.empty(3 * WIDTH, WIDTH))
        self.in_proj_bias = nn.Parameter(torch.empty(3 * WIDTH))
        self.out_proj = nn.Linear(WIDTH, WIDTH)

    def forward(self, query_key, value):
        inputs = (query_key, query_key, value)
        projected = [
            F.linear(x, w, b).view(1, -1, HEADS, WIDTH // HEADS).transpose(1, 2)
            for x, w, b in zip(inputs, self.in_proj_weight.chunk(3), self.in_proj_bias.chunk(3))
        ]
        attended = F.scaled_dot_product_attention(*projected)
        return self.out_proj(attended.transpose(1, 2).reshape(1, -1, WIDTH))


class EncoderLayer(nn.Module):
    def __init__(self):
        super().__init__()
        self.self_attn = DeformableAttention()
        self.norm1 = nn.LayerNorm(WIDTH)
        self.linear1 = nn.Linear(WIDTH, 4 * WIDTH)
        self.linear2 = nn.Linear(4 * WIDTH, WIDTH)
        self.norm2 = nn.LayerNorm(WIDTH)

    def forward(self, x, positions, references, shapes):
        x = self.norm1(x + self.self_attn(x + positions, references, x, shapes))
        return self.norm2(x + self.linear2(F.relu(self.linear1(x))))


class DecoderLayer(nn.Module):
    def __init__(self):
        super().__init__()
        self.self_attn = SelfAttention()
        self.norm1 = nn.LayerNorm(WIDTH)
        self.cross_attn = DeformableAttention()
        self.norm2 = nn.LayerNorm(WIDTH)
        self.linear1 = nn.Linear(WIDTH, 4 * WIDTH)
        self.linear2 = nn.Linear(4 * WIDTH, WIDTH)
        self.norm3 = nn.LayerNorm(WIDTH)

    def forward(self, x, positions, references, memory, shapes):
        x = self.norm1(x + self.self_attn(x + positions, x))
        x = self.norm2(x + self.cross_attn(x + positions, references, memory, shapes))
        return self.norm3(x + self.linear2(F.relu(self.linear1(x))))


class Layers(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.layers = nn.ModuleList(layer() for _ in range(LAYERS))


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.level_embed = nn.Parameter(torch.empty(LEVELS, WIDTH))
        self.encoder = Layers(EncoderLayer)
        self.decoder = Layers(DecoderLayer)
        self.reference_points = nn.Linear(WIDTH, 2)


class BoxHead(nn.Sequential):
    def __init__(self):
        # The indices of the file count a dropout after each ReLU, which does nothing at inference.
        parts = [nn.Linear(WIDTH, WIDTH), nn.ReLU(), nn.Identity(), nn.Linear(WIDTH, WIDTH), nn.ReLU(), nn.Identity()]
        super().__init__(*parts, nn.Linear(WIDTH, 4))


def sine_positions(height, width):
    """[H * W, C]: half of the channels for y, half for x; counts start at one and are scaled to 2 pi."""
    half = WIDTH // 2
    divisors = 10000.0 ** (2 * torch.div(torch.arange(half), 2, rounding_mode="floor") / half)

    def code(count):
        angles = (torch.arange(1, count + 1, dtype=torch.float32) / (count + 1e-6) * (2 * math.pi))[:, None] / divisors
        return torch.stack((angles[:, 0::2].sin(), angles[:, 1::2].cos()), dim=2).flatten(1)

    y = code(height)[:, None, :].expand(height, width, half)
    x = code(width)[None, :, :].expand(height, width, half)
    return torch.cat((y, x), dim=2).reshape(height * width, WIDTH)


def cell_centres(height, width):
    y = (torch.arange(height, dtype=torch.float32) + 0.5) / height
    x = (torch.arange(width, dtype=torch.float32) + 0.5) / width
    return torch.stack((x[None, :].expand(height, width), y[:, None].expand(height, width)), dim=-1).reshape(-1, 2)


def inverse_sigmoid(x):
    x = x.clamp(0, 1)
    return torch.log(x.clamp(min=1e-5) / (1 - x).clamp(min=1e-5))


class ConvNextDeformableDetr(nn.Module):
    """Pixel values [1, 3, H, W] in, logits [1, 300, 91] and boxes [1, 300, 4] of the last decoder layer out."""

    def __init__(self):
        super().__init__()
        self.backbone = ConvNextV2()
        self.input_proj = nn.ModuleList(
            nn.Sequential(nn.Conv2d(channels, WIDTH, 1), nn.GroupNorm(32, WIDTH)) for channels in CHANNELS
        )
        self.transformer = Transformer()
        self.query_embed = nn.Embedding(QUERIES, 2 * WIDTH)
        self.class_embed = nn.ModuleList(nn.Linear(WIDTH, CLASSES) for _ in range(LAYERS))
        self.bbox_embed = nn.ModuleList(BoxHead() for _ in range(LAYERS))
        # The file has these heads under both names.
        self.transformer.decoder.bbox_embed = self.bbox_embed

    def forward(self, pixel_values):
        transformer = self.transformer
        maps = [project(m) for project, m in zip(self.input_proj, self.backbone(pixel_values))]
        shapes = [(int(m.shape[2]), int(m.shape[3])) for m in maps]
        memory = torch.cat([m.flatten(2).transpose(1, 2) for m in maps], dim=1)
        positions = torch.cat(
            [sine_positions(h, w) + transformer.level_embed[level] for level, (h, w) in enumerate(shapes)]
        )[None]
        centres = torch.cat([cell_centres(h, w) for h, w in shapes])[None]
        for layer in transformer.encoder.layers:
            memory = layer(memory, positions, centres, shapes)
        query_positions, states = (part[None] for part in self.query_embed.weight.split(WIDTH, dim=1))
        references = transformer.reference_points(query_positions).sigmoid()
        for layer, head in zip(transformer.decoder.layers, self.bbox_embed):
            states = layer(states, query_positions, references, memory, shapes)
            correction = head(states)
            known = inverse_sigmoid(references)
            # The first references are points: width and height have nothing to be added to.
            known = F.pad(known, (0, correction.shape[-1] - known.shape[-1]))
            references = (correction + known).sigmoid()
        return self.class_embed[-1](states), references


def formula_state(case=GOLDEN_CASE):
    """The state dict of birder's file, with the weights of the golden case."""
    manifest = json.loads((case / "manifest.json").read_text())
    state = {}
    for tensor in manifest["tensors"]:
        if "alias_of" in tensor:
            state[tensor["key"]] = state[tensor["alias_of"]]
        else:
            values = uniform(tensor["key"], manifest["seed"], tensor["shape"], tensor["base"], tensor["scale"])
            state[tensor["key"]] = torch.from_numpy(values)
    return state


def load(state):
    model = ConvNextDeformableDetr()
    model.load_state_dict(state, strict=True)
    return model.eval()


def main():
    from safetensors.torch import load_file

    case = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else GOLDEN_CASE
    manifest = json.loads((case / "manifest.json").read_text())
    pixels = manifest["input"]
    pixels = uniform(pixels["key"], manifest["seed"], pixels["shape"], pixels["base"], pixels["scale"])
    with torch.inference_mode():
        logits, boxes = load(formula_state(case))(torch.from_numpy(pixels))
    expected = load_file(case / "expected.safetensors")
    worst = 0
    for name, actual in (("logits", logits), ("pred_boxes", boxes)):
        difference = (actual - expected[name]).abs().max().item()
        noise = manifest["expected"]["tensors"][name]["max_abs_diff_vs_float64"]
        print(f"{name}: differs by {difference:.1e}; rounding noise of the original {noise:.1e}")
        worst = max(worst, difference / noise)
    if worst > 10:
        sys.exit("error: this is not the network that birder runs")


if __name__ == "__main__":
    main()
