"""COCO's numbers of a detector on a data set of generator.make_dataset, by pycocotools."""

import argparse
import json
import tempfile
from pathlib import Path

from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from .detect import Detector


def _joined(folder, limit):
    """One annotation set of all shards, of the first `limit` pictures."""
    joined = None
    for path in sorted(Path(folder).glob("shard-*/annotations.json")):
        shard = json.loads(path.read_text())
        if joined is None:
            joined = shard
        else:
            joined["images"] += shard["images"]
            joined["annotations"] += shard["annotations"]
    joined["images"] = joined["images"][:limit]
    kept = {image["id"] for image in joined["images"]}
    joined["annotations"] = [dict(a, id=index + 1) for index, a in enumerate(a for a in joined["annotations"] if a["image_id"] in kept)]
    return joined


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("data")
    parser.add_argument("--limit", type=int, default=None, help="only the first pictures")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    detector, coco, results = Detector(arguments.model, arguments.threads), _joined(arguments.data, arguments.limit), []
    for image in coco["images"]:
        for score, label, (x0, y0, x1, y1) in detector.detect(Path(arguments.data, image["file_name"]))[0]:
            results.append({"image_id": image["id"], "category_id": label, "bbox": [x0, y0, x1 - x0, y1 - y0], "score": score})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "annotations.json")
        path.write_text(json.dumps(coco))
        truth = COCO(str(path))
    evaluation = COCOeval(truth, truth.loadRes(results), "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    for number, label in detector.labels.items():
        precision = evaluation.eval["precision"][:, :, number, 0, -1]
        print("%-12s AP %.3f  AP50 %.3f" % (label, precision[precision > -1].mean(), precision[0][precision[0] > -1].mean()))


if __name__ == "__main__":
    main()
