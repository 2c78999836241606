"""Weights by formula: every value follows from (seed, tensor name, element index), so nothing has to be stored or downloaded.

Element i of the tensor called K: s = seed + FNV-1a-64(K) + (i + 1) * 0x9E3779B97F4A7C15, mixed by the SplitMix64 finaliser,
its upper 53 bits as u in [0, 1), value = float32(base + scale * (2u - 1)). All integer arithmetic is modulo 2^64.
"""

import numpy as np

MASK = (1 << 64) - 1
GOLDEN_GAMMA = 0x9E3779B97F4A7C15


def fnv1a(name: str) -> int:
    h = 0xCBF29CE484222325
    for byte in name.encode("utf-8"):
        h = ((h ^ byte) * 0x100000001B3) & MASK
    return h


def uniform(name: str, seed: int, shape, base: float, scale: float) -> np.ndarray:
    """A float32 array of `shape`, uniform in [base - scale, base + scale)."""
    count = int(np.prod(shape, dtype=np.int64))
    with np.errstate(over="ignore"):
        z = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(GOLDEN_GAMMA)
        z += np.uint64((seed + fnv1a(name)) & MASK)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    u = (z >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return (base + scale * (2.0 * u - 1.0)).astype(np.float32).reshape(shape)
