"""Puts the C kernel of deformable_attention.c in place of transformers' grid_sample, for training on a CPU."""

import ctypes
import hashlib
import os
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch

_SOURCE = Path(__file__).with_name("deformable_attention.c")
_libraries = {}
_threads = None


def _library(dim):
    if dim not in _libraries:
        digest = hashlib.sha256(_SOURCE.read_bytes()).hexdigest()[:16]
        built = Path(tempfile.gettempdir(), "deformable-attention-%s-%d-%d.so" % (digest, dim, os.getuid()))
        if not built.exists():
            unfinished = built.with_suffix(".%d" % os.getpid())
            command = ["cc", "-O3", "-march=native", "-mprefer-vector-width=512", "-ffast-math", "-shared", "-fPIC", "-DHEAD_DIM=%d" % dim, str(_SOURCE), "-o", str(unfinished)]
            subprocess.run(command, check=True)
            unfinished.rename(built)
        _libraries[dim] = ctypes.CDLL(str(built))
    return _libraries[dim]


def _each(batch, heads, work):
    """Runs work(image, head); two heads of an image touch different floats, so they run side by side."""
    global _threads
    if _threads is None:
        _threads = ThreadPoolExecutor(torch.get_num_threads())
    list(_threads.map(lambda index: work(index // heads, index % heads), range(batch * heads)))


def _at(tensor, image):
    return ctypes.c_void_p(tensor.data_ptr() + image * tensor.stride(0) * tensor.element_size())


class _Attention(torch.autograd.Function):
    @staticmethod
    def forward(ctx, value, shapes, locations, weights):
        value, locations, weights = value.contiguous(), locations.contiguous(), weights.contiguous()
        batch, queries, heads, levels, points, _ = locations.shape
        dim = value.shape[3]
        out = torch.empty(batch, queries, heads, dim)
        run = _library(dim).deformable_forward
        sizes = (queries, heads, levels, points)
        _each(batch, heads, lambda b, h: run(_at(value, b), ctypes.c_void_p(shapes.data_ptr()), _at(locations, b), _at(weights, b), _at(out, b), *sizes, h))
        ctx.save_for_backward(value, shapes, locations, weights)
        return out.flatten(2)

    @staticmethod
    def backward(ctx, grad):
        value, shapes, locations, weights = ctx.saved_tensors
        batch, queries, heads, levels, points, _ = locations.shape
        grad = grad.contiguous()
        grads = torch.zeros_like(value), torch.empty_like(locations), torch.empty_like(weights)
        run = _library(value.shape[3]).deformable_backward
        sizes = (queries, heads, levels, points)

        def work(b, h):
            inputs = (_at(value, b), ctypes.c_void_p(shapes.data_ptr()), _at(locations, b), _at(weights, b), _at(grad, b))
            run(*inputs, *(_at(tensor, b) for tensor in grads), *sizes, h)

        _each(batch, heads, work)
        return grads[0], None, grads[1], grads[2]


class DeformableAttention(torch.nn.Module):
    """Has the signature of transformers' MultiScaleDeformableAttention."""

    def forward(self, value, spatial_shapes, spatial_shapes_list, level_start_index, sampling_locations, attention_weights, im2col_step):
        return _Attention.apply(value.float(), spatial_shapes, sampling_locations.float(), attention_weights.float())


def use_native_attention(model):
    """Replaces the sampling of every deformable attention of the model; weights are untouched."""
    for module in model.modules():
        if hasattr(module, "sampling_offsets"):
            module.attn = DeformableAttention()
