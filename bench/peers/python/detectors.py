"""The compared models in PyTorch: one way to load each, from pixel values to logits and boxes, and how outputs are compared."""

import json
import pathlib

import numpy as np
import torch

from formula import uniform

# The file of a folder without config.json: birder's container and names.
BIRDER_FILE = "birder.pt"


class RawOutputs(torch.nn.Module):
    """A transformers detector without its image processor: logits and boxes of the last decoder layer out."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, pixel_values):
        outputs = self.model(pixel_values, return_dict=True)
        return outputs.logits, outputs.pred_boxes


def load(folder: pathlib.Path, **options):
    """The detector of a folder that make_models.py wrote: a module, and in words what runs it. Options are transformers'."""
    version = torch.__version__.split("+")[0]
    if (folder / BIRDER_FILE).exists():
        import convnext_deformable

        saved = torch.load(folder / BIRDER_FILE, weights_only=True)
        return convnext_deformable.load(saved["state"]), f"PyTorch {version} eager"
    import transformers

    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    model = transformers.AutoModelForObjectDetection.from_pretrained(folder, local_files_only=True, **options)
    # Tracing restores the mode of the outermost module on all of its parts, so that one must be in eval mode too.
    return RawOutputs(model).eval(), f"PyTorch {version} eager (transformers {transformers.__version__})"


def default_size(folder: pathlib.Path):
    """Height and width that the targets are stated for: a 480x640 photo as each project resizes it."""
    if (folder / BIRDER_FILE).exists():
        return 640, 853
    file = folder / "preprocessor_config.json"
    size = json.loads(file.read_text()).get("size") if file.exists() else None
    return (size["height"], size["width"]) if isinstance(size, dict) and "height" in size else (800, 1066)


def pixels(height, width):
    """The input of all comparisons, also of those in Java."""
    return torch.from_numpy(uniform("input", 7, (1, 3, height, width), 0.0, 2.0))


def add_size_options(parser):
    parser.add_argument("--height", type=int, help="default: of the processor, 800 where it keeps the aspect, birder's 640")
    parser.add_argument("--width", type=int, help="default: of the processor, 1066, birder's 853")


def size_of(arguments):
    height, width = default_size(arguments.model)
    return arguments.height or height, arguments.width or width


def differences(actual, expected):
    """Largest differences of (logits, boxes) and how many queries moved.

    Near-ties in the top-k of two-stage models may swap queries: each query is compared with its nearest twin.
    """
    (logits, boxes), (expected_logits, expected_boxes) = actual, expected
    distance = np.abs(logits[0][:, None, :] - expected_logits[0][None, :, :]).max(-1)
    distance += np.abs(boxes[0][:, None, :] - expected_boxes[0][None, :, :]).max(-1)
    twin = distance.argmin(1)
    return (
        float(np.abs(logits[0] - expected_logits[0][twin]).max()),
        float(np.abs(boxes[0] - expected_boxes[0][twin]).max()),
        int((twin != np.arange(len(twin))).sum()),
    )


def numpy_outputs(module, inputs):
    with torch.no_grad():
        return tuple(t.numpy() for t in module(inputs))


def report(title, difference, tolerance):
    """Prints the difference; returns an error message, or None when logits are within the tolerance."""
    logits, boxes, moved = difference
    print(f"{title}: logits {logits:.2e}, boxes {boxes:.2e}, {moved} queries in another place", flush=True)
    return None if logits <= tolerance else f"error: logits differ by {logits:.2e}, more than {tolerance:.0e}"
