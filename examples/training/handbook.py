"""Pages of a book as a detection set: headings, listings, sidebars, lists, figures and tables, as COCO.

`python handbook.py HTML OUT`: HTML is usr/share/doc/debian-handbook/html of the unpacked Debian package. Chromium draws each page and
says where its elements are, so that the boxes are exact. Chapters 10 and later are for validation.
"""

import argparse
import concurrent.futures
import html
import json
import random
import re
import subprocess
import tempfile
from pathlib import Path

from PIL import Image

Image.MAX_IMAGE_PIXELS = None

CLASSES = ["heading", "listing", "sidebar", "list", "figure", "table"]
SELECTORS = ["h1, h2, h3, h4", "pre", "div.sidebar", "ul, ol, dl", "div.mediaobject", "div.table-contents, table"]
FIRST_OF_VALIDATION = "network-infrastructure.html"
SIDE = 1024  # of a window onto a page
LONGEST = 14000  # pixels; Chromium draws no higher window

# Two looks, so that the look is not what is learned: the book's own, and one of large serif type with other margins.
STYLES = {
    "own": "",
    "serif": "body { font-family: serif !important; font-size: 19px !important; margin: 0 90px !important; color: #222 }"
    " pre { background: #f6f1e4 !important; border-radius: 0 !important } .sidebar { background: #fff !important }",
}

# Boxes of what is seen, outermost elements of a class only, written into the page itself.
SCRIPT = """
<script>
window.addEventListener("load", function () {
  const selectors = %s, boxes = [];
  selectors.forEach(function (selector, label) {
    for (const element of document.querySelectorAll(selector)) {
      if (element.closest(".docnav, .toc, #banner, #footer, .legalnotice")) continue;
      if (element.parentElement.closest(selector)) continue;
      const r = element.getBoundingClientRect();
      if (r.width >= 8 && r.height >= 8) boxes.push([label, r.left + scrollX, r.top + scrollY, r.width, r.height]);
    }
  });
  const out = document.createElement("pre");
  out.id = "detr4j-boxes";
  out.style.display = "none";
  out.textContent = JSON.stringify({height: document.documentElement.scrollHeight, boxes: boxes});
  document.body.appendChild(out);
});
</script>
"""


def order(folder):
    """The pages of a language in the order of the table of contents."""
    index = (folder / "index.html").read_text(encoding="utf-8")
    seen = dict.fromkeys(re.findall(r'<span class="(?:preface|chapter|section|appendix)"><a href="([^"#]+)"', index))
    return [name for name in seen if (folder / name).is_file()]


def chromium(arguments, page):
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--virtual-time-budget=3000"]
    return subprocess.run(command + arguments + [page.resolve().as_uri()], check=True, capture_output=True, timeout=180).stdout


def draw(folder, name, style):
    """(picture, [(label, x, y, width, height)]) of a whole page."""
    text = (folder / name).read_text(encoding="utf-8")
    added = "<style>%s</style>%s</body>" % (STYLES[style], SCRIPT % json.dumps(SELECTORS))
    copy = folder / (".detr4j-%s-%s" % (style, name))
    copy.write_text(text.replace("</body>", added), encoding="utf-8")
    try:
        dom = chromium(["--dump-dom", "--window-size=%d,%d" % (SIDE, SIDE)], copy).decode()
        found = json.loads(html.unescape(re.search(r'<pre id="detr4j-boxes"[^>]*>(.*?)</pre>', dom, re.S).group(1)))
        height = min(LONGEST, max(SIDE, int(found["height"])))
        with tempfile.TemporaryDirectory() as away:
            shot = Path(away, "page.png")
            chromium(["--screenshot=%s" % shot, "--window-size=%d,%d" % (SIDE, height)], copy)
            return Image.open(shot).convert("RGB"), found["boxes"]
    finally:
        copy.unlink()


def windows(picture, boxes, chance, count):
    """Random windows, with the boxes of which at least a third is seen."""
    for _ in range(count):
        top = chance.randint(0, max(0, picture.height - SIDE))
        seen = []
        for label, x, y, w, h in boxes:
            x0, y0 = max(0.0, x), max(0.0, y - top)
            x1, y1 = min(float(SIDE), x + w), min(float(SIDE), y + h - top)
            if x1 - x0 >= 8 and y1 - y0 >= 8 and ((y1 - y0) * (x1 - x0) >= w * h / 3 or y1 - y0 >= SIDE / 4):
                seen.append((label, x0, y0, x1 - x0, y1 - y0))
        if seen:
            yield picture.crop((0, top, SIDE, top + SIDE)), seen


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("html", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--languages", nargs="+", default=["en-US", "fr-FR", "es-ES"])
    parser.add_argument("--workers", type=int, default=2)
    a = parser.parse_args()
    jobs = {"train": [], "val": []}
    for language in a.languages:
        pages = order(a.html / language)
        first = pages.index(FIRST_OF_VALIDATION)
        for i, name in enumerate(pages):
            if i < first or language == a.languages[0]:
                style = list(STYLES)[(i + len(language) + a.languages.index(language)) % len(STYLES)]
                jobs["train" if i < first else "val"].append((a.html / language, name, style))
    for part, pages in jobs.items():
        target = a.out / part
        target.mkdir(parents=True, exist_ok=True)
        coco = {"images": [], "annotations": [], "categories": [{"id": i, "name": n} for i, n in enumerate(CLASSES)]}
        with concurrent.futures.ThreadPoolExecutor(a.workers) as pool:
            for job, (picture, boxes) in zip(pages, pool.map(lambda job: draw(*job), pages)):
                chance = random.Random("%s %s" % (job[0].name, job[1]))
                count = min(4, 1 + picture.height // (2 * SIDE))
                for crop, seen in windows(picture, boxes, chance, count):
                    number = len(coco["images"])
                    name = "%05d.png" % number
                    crop.save(target / name)
                    coco["images"].append({"id": number, "file_name": name, "width": SIDE, "height": SIDE})
                    for label, x, y, w, h in seen:
                        box = [round(v, 2) for v in (x, y, w, h)]
                        coco["annotations"].append(
                            {"id": len(coco["annotations"]) + 1, "image_id": number, "category_id": label, "bbox": box, "area": w * h, "iscrowd": 0}
                        )
        (target / "annotations.json").write_text(json.dumps(coco))
        print("%s: %d pages, %d pictures, %d boxes" % (part, len(pages), len(coco["images"]), len(coco["annotations"])))


if __name__ == "__main__":
    main()
