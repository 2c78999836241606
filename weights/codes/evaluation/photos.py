"""Judges a detector on folders of photographs with one code each, named for its kind (`qrcode-4`), or with none (`falsepositives-2`).

For each folder: how often the best detection is of the right class; with zxing-cpp's Python module at hand also how many photographs are decoded whole
and how many from the best detection enlarged by 10 %.
"""

import argparse
from pathlib import Path

import numpy
from PIL import ImageDraw

from .detect import Detector

_LABEL_OF = {"qrcode": "qr_code", "datamatrix": "data_matrix", "aztec": "aztec", "pdf417": "pdf417", "ean13": "barcode", "upca": "barcode"}


def _decoder():
    try:
        import zxingcpp
    except ImportError:
        return None

    def decode(picture):
        return any(result.text for result in zxingcpp.read_barcodes(numpy.asarray(picture.convert("L"))))

    return decode


def _enlarged(picture, box, share=0.1):
    x0, y0, x1, y1 = box
    dx, dy = (x1 - x0) * share / 2, (y1 - y0) * share / 2
    corners = (max(0, int(x0 - dx)), max(0, int(y0 - dy)), min(picture.width, int(x1 + dx + 1)), min(picture.height, int(y1 + dy + 1)))
    return picture.crop(corners) if corners[2] > corners[0] and corners[3] > corners[1] else picture


def _draw(picture, rows, labels, path):
    drawn = picture.copy()
    pen = ImageDraw.Draw(drawn)
    for score, label, box in rows:
        pen.rectangle(box, outline=(230, 30, 30), width=2)
        pen.text((box[0] + 3, box[1] + 2), "%s %.2f" % (labels[label], score), fill=(230, 30, 30))
    drawn.save(path)


def _judge(detector, folder, threshold, decode, drawings):
    wanted = next((label for prefix, label in _LABEL_OF.items() if folder.name.startswith(prefix)), None)
    paths = sorted(folder.glob("*.png")) + sorted(folder.glob("*.jpg"))
    right = above = whole = cropped = 0
    for path in paths:
        rows, picture = detector.detect(path)
        shown = [row for row in rows if row[0] >= threshold]
        above += len(shown)
        if wanted and rows:
            right += detector.labels[rows[0][1]] == wanted
        if wanted and decode:
            whole += decode(picture)
            cropped += decode(_enlarged(picture, rows[0][2]))
        if drawings:
            _draw(picture, shown or rows[:1], detector.labels, Path(drawings, "%s-%s.png" % (folder.name, path.stem)))
    line = "%-18s %3d photos  %.2f detections each" % (folder.name, len(paths), above / max(1, len(paths)))
    if wanted:
        line += "  right class %5.1f %%" % (100 * right / len(paths))
        if decode:
            line += "  decoded whole %d, cropped %d" % (whole, cropped)
    print(line)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model")
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--threshold", type=float, default=0.5)
    parser.add_argument("--drawings", help="folder for the photographs with their detections")
    arguments = parser.parse_args()
    for folder in map(Path, arguments.folders):
        if not any(path.suffix in (".png", ".jpg") for path in folder.glob("*")):
            parser.error("%s: no photographs there, expected a folder with .png or .jpg files" % folder)
    detector, decode = Detector(arguments.model), _decoder()
    if arguments.drawings:
        Path(arguments.drawings).mkdir(parents=True, exist_ok=True)
    for folder in arguments.folders:
        _judge(detector, Path(folder), arguments.threshold, decode, arguments.drawings)


if __name__ == "__main__":
    main()
