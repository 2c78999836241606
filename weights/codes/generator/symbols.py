"""Code symbols as matrices of modules, encoded by zint with random content."""

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

LABELS = ("qr_code", "data_matrix", "aztec", "pdf417", "barcode")

_ALPHANUMERIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_MIXED = _ALPHANUMERIC + "abcdefghijklmnopqrstuvwxyz/.:?=&_-"


@dataclass(frozen=True)
class Symbol:
    """One encoded code: `modules` is 1 where dark; a 1-D code has one row. `addon` is the 2- or 5-digit supplement's bars, if any."""

    label: str
    kind: str
    modules: np.ndarray
    text: str
    addon: np.ndarray | None = None


@dataclass(frozen=True)
class _Kind:
    label: str
    number: int
    arguments: tuple
    weight: float


# Weights are shares within a label.
_KINDS = {
    "qr": _Kind("qr_code", 58, ("secure", 1, 4), 0.92),
    "micro_qr": _Kind("qr_code", 97, (), 0.08),
    "data_matrix_square": _Kind("data_matrix", 71, ("square",), 0.85),
    "data_matrix": _Kind("data_matrix", 71, (), 0.15),
    "aztec": _Kind("aztec", 92, (), 1.0),
    "pdf417": _Kind("pdf417", 55, ("cols", 1, 12), 0.95),
    "pdf417_truncated": _Kind("pdf417", 56, ("cols", 1, 8), 0.05),
    "ean": _Kind("barcode", 13, (), 0.36),
    "upca": _Kind("barcode", 34, (), 0.2),
    "upce": _Kind("barcode", 37, (), 0.05),
    "code128": _Kind("barcode", 20, (), 0.17),
    "code39": _Kind("barcode", 8, (), 0.1),
    "code93": _Kind("barcode", 25, (), 0.03),
    "itf": _Kind("barcode", 3, (), 0.06),
    "codabar": _Kind("barcode", 18, (), 0.03),
}


def _digits(rng, count):
    return "".join(rng.choice(list("0123456789"), count))


def _words(rng, longest):
    length = int(np.exp(rng.uniform(np.log(3), np.log(longest))))
    style = rng.integers(4)
    if style == 0:
        return _digits(rng, length)
    if style == 1:
        return "".join(rng.choice(list(_ALPHANUMERIC), length))
    prefix = "https://" if style == 2 else ""
    return prefix + "".join(rng.choice(list(_MIXED), length))


def _content(rng, kind):
    if kind == "ean":
        text = _digits(rng, 12 if rng.random() < 0.8 else 7)
        if rng.random() < 0.15:
            text += "+" + _digits(rng, 5 if rng.random() < 0.7 else 2)
        return text
    if kind == "upca":
        return _digits(rng, 11)
    if kind == "upce":
        return _digits(rng, 6)
    if kind == "itf":
        return _digits(rng, 2 * int(rng.integers(2, 9)))
    if kind == "codabar":
        return "A" + _digits(rng, int(rng.integers(4, 13))) + "B"
    if kind in ("code39", "code93"):
        return "".join(rng.choice(list(_ALPHANUMERIC), int(rng.integers(3, 16))))
    if kind == "code128":
        return "".join(rng.choice(list(_ALPHANUMERIC + "-"), int(rng.integers(3, 22))))
    if kind == "micro_qr":
        return _digits(rng, int(rng.integers(3, 12)))
    return _words(rng, {"qr": 220, "aztec": 260, "pdf417": 400, "pdf417_truncated": 150}.get(kind, 160))


def _options(rng, kind):
    arguments = _KINDS[kind].arguments
    if not arguments:
        return []
    if len(arguments) == 1:
        return ["--" + arguments[0]]
    name, least, most = arguments
    # The lower ones more often, as in use: half of all PDF417 has one to four columns.
    return ["--%s=%d" % (name, least + (most + 1 - least) * rng.random() ** 1.5)]


def _modules(path):
    rows = [bytes.fromhex(line.replace(" ", "").ljust(_even(line), "0")) for line in path.read_text().split("\n") if line.strip()]
    matrix = np.unpackbits(np.array([list(row) for row in rows], np.uint8), axis=1)
    dark = np.flatnonzero(matrix.any(axis=0))  # zint pads rows to whole hexadecimal digits
    return matrix[:, : dark[-1] + 1]


def _even(line):
    digits = len(line.replace(" ", ""))
    return digits + digits % 2


def _encode(rng, kind, count):
    contents = [_content(rng, kind) for _ in range(count)]
    symbols = []
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "contents")
        source.write_text("\n".join(contents) + "\n")
        command = ["zint", "-b", str(_KINDS[kind].number), "--filetype=TXT", "--batch", "-i", str(source), "-o", str(Path(folder, "~~~~~.txt"))]
        # Contents that a symbology cannot hold are skipped by zint with a warning.
        subprocess.run(command + _options(rng, kind), check=False, capture_output=True)
        for index, text in enumerate(contents, start=1):
            path = Path(folder, "%05d.txt" % index)
            if not path.exists() or not path.stat().st_size:
                continue
            modules, addon = _modules(path), None
            if "+" in text:
                end = 95 if len(text.split("+")[0]) == 12 else 67
                modules, addon = modules[:, :end], modules[:, end:]
                addon = addon[:, np.flatnonzero(addon.any(axis=0))[0] :]
            symbols.append(Symbol(_KINDS[kind].label, kind, modules, text, addon))
    return symbols


def encode_symbols(rng, per_label):
    """About `per_label` random symbols of each label: {label: [Symbol, ...]}."""
    pool = {label: [] for label in LABELS}
    for kind, spec in _KINDS.items():
        count = max(2, round(per_label * spec.weight))
        batches = 4 if spec.arguments and len(spec.arguments) == 3 else 1
        for _ in range(batches):
            pool[spec.label] += _encode(rng, kind, -(-count // batches))
    return pool
