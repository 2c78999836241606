"""Runs a saved detector through transformers alone, one picture at a time, as a user of it would."""

import torch
from PIL import Image
from transformers import AutoImageProcessor, DeformableDetrForObjectDetection


class Detector:
    def __init__(self, folder, threads=1, dtype=torch.float32):
        torch.set_num_threads(threads)
        self._processor = AutoImageProcessor.from_pretrained(folder)
        self._model = DeformableDetrForObjectDetection.from_pretrained(folder, dtype=dtype).eval()
        self.labels = self._model.config.id2label

    @torch.no_grad()
    def detect(self, path, threshold=0.0):
        """[(score, label number, (x0, y0, x1, y1))], best first; also the picture."""
        picture = Image.open(path).convert("RGB")
        inputs = self._processor(images=picture, return_tensors="pt")
        outputs = self._model(pixel_values=inputs["pixel_values"].to(self._model.dtype), pixel_mask=inputs["pixel_mask"])
        sizes = torch.tensor([picture.size[::-1]])
        found = self._processor.post_process_object_detection(outputs, threshold=threshold, target_sizes=sizes, top_k=50)[0]
        order = found["scores"].argsort(descending=True).tolist()
        rows = [(float(found["scores"][i]), int(found["labels"][i]), tuple(found["boxes"][i].tolist())) for i in order]
        return rows, picture
