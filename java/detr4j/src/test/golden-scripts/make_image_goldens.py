"""Makes the image goldens that the detr4j tests compare with, from Pillow, torchvision, OpenCV and transformers.

Usage: python make_image_goldens.py OUT        (packages: pillow numpy torch torchvision transformers opencv-python-headless)

OUT/decode/<name>          encoded images, small
OUT/decoded.safetensors    what Pillow's convert("RGB") makes of each, [h, w, 3]; "upright/<name>" after ImageOps.exif_transpose
OUT/resize_checksums.json  CRC-32 of resized formula images: [rule, source w, h, target w, h, crc]
OUT/normalisation.json     float32 bits of 3 x 256 normalised values for several settings
Parts whose packages are missing are left as they are.
"""
import io
import json
import os
import struct
import sys
import zlib

import numpy as np
from PIL import Image, ImageOps


def formula_image(width, height, seed=7):
    """Smooth waves and noise from the project's tensor formula (splitmix64 over FNV-1a of the key "image")."""
    h = 0xCBF29CE484222325
    for b in b"image":
        h = ((h ^ b) * 0x100000001B3) & (2**64 - 1)
    with np.errstate(over="ignore"):
        i = np.arange(1, width * height * 3 + 1, dtype=np.uint64)
        z = np.uint64((seed + h) & (2**64 - 1)) + i * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    noise = (z >> np.uint64(56)).astype(np.int64).reshape(height, width, 3)
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    wave = (x * 5 + y * 3 + c * 70) % 256
    block = np.where((x // 16 + y // 16) % 2 == 0, 255, 0)
    return ((2 * wave + noise + block) // 4).astype(np.uint8)


def save_safetensors(path, arrays):
    header, at = {}, 0
    for name, a in arrays.items():
        header[name] = {"dtype": "U8", "shape": list(a.shape), "data_offsets": [at, at + a.size]}
        at += a.size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for a in arrays.values():
            f.write(np.ascontiguousarray(a).tobytes())


def encoded(image, fmt, **options):
    out = io.BytesIO()
    image.save(out, fmt, **options)
    return out.getvalue()


def orientation_tag(value, endian):
    if endian == "MM":
        return b"Exif\0\0MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x112, 3, 1, value, 0, 0)
    return b"Exif\0\0II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x112, 3, 1, value, 0, 0)


def png_chunks(width, height, depth, colour, rows, extra=b""):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
            + extra + chunk(b"IDAT", zlib.compress(b"".join(b"\0" + r for r in rows), 9)) + chunk(b"IEND", b""))


def decode_goldens(out):
    os.makedirs(f"{out}/decode", exist_ok=True)
    rgb = formula_image(37, 29)
    image = Image.fromarray(rgb)
    alpha = Image.fromarray(np.dstack([rgb, rgb[:, :, 0]]), "RGBA")
    files = {}
    for name, sub in (("444", 0), ("422", 1), ("420", 2)):
        files[f"jpeg_{name}.jpg"] = encoded(image, "JPEG", quality=85, subsampling=sub)
    files["jpeg_progressive.jpg"] = encoded(image, "JPEG", quality=70, progressive=True)
    files["jpeg_grey.jpg"] = encoded(image.convert("L"), "JPEG", quality=85)
    files["jpeg_rgb.jpg"] = encoded(image, "JPEG", quality=85, keep_rgb=True)
    files["jpeg_cmyk.jpg"] = encoded(image.convert("CMYK"), "JPEG", quality=85)
    # The same samples declared to be luma, chroma and black.
    cmyk = bytearray(files["jpeg_cmyk.jpg"])
    cmyk[cmyk.index(b"Adobe") + 11] = 2
    files["jpeg_ycck.jpg"] = bytes(cmyk)
    # No JFIF segment and component identifiers that nobody knows: libjpeg takes them for luma and chroma.
    bare = bytearray(files["jpeg_444.jpg"])
    bare[bare.index(b"JFIF") - 3] = 0xEF
    sof, sos = bare.index(b"\xff\xc0") + 10, bare.index(b"\xff\xda") + 5
    for i in range(3):
        bare[sof + 3 * i] = bare[sos + 2 * i] = 60 + i
    files["jpeg_no_jfif.jpg"] = bytes(bare)
    from PIL import ImageCms
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = bytes(12)  # the date of its making
    red, green = profile.index(b"rXYZ"), profile.index(b"gXYZ")
    profile[red:red + 4], profile[green:green + 4] = b"gXYZ", b"rXYZ"  # swaps red and green for whoever applies it
    files["jpeg_profile.jpg"] = encoded(image, "JPEG", quality=85, icc_profile=bytes(profile))
    for value in range(1, 9):
        files[f"exif_{value}.jpg"] = encoded(image, "JPEG", quality=60, exif=orientation_tag(value, "MM" if value % 2 else "II"))
    files["exif_6.png"] = encoded(image, "PNG", exif=orientation_tag(6, "II"))
    files["rgb.png"] = encoded(image, "PNG")
    files["rgba.png"] = encoded(alpha, "PNG")
    files["profile.png"] = encoded(image, "PNG", icc_profile=bytes(profile))
    files["grey.png"] = encoded(image.convert("L"), "PNG")
    files["grey_alpha.png"] = encoded(alpha.convert("LA"), "PNG")
    files["palette.png"] = encoded(image.quantize(37), "PNG")
    files["palette_transparent.png"] = encoded(image.quantize(11), "PNG", transparency=3)
    files["one_bit.png"] = encoded(image.convert("1"), "PNG")
    files["interlaced.png"] = None
    rows4 = [bytes((int(a) >> 4) << 4 | int(b) >> 4 for a, b in zip(r[0::2], r[1::2])) for r in rgb[:, :36, 0]]
    files["grey_4_bit.png"] = png_chunks(36, 29, 4, 0, rows4)
    rows16 = [b"".join(struct.pack(">HHH", *(int(v) * 251 + 77 for v in p)) for p in r) for r in rgb]
    files["rgb_16_bit.png"] = png_chunks(37, 29, 16, 2, rows16)
    files["rgb_transparent_colour.png"] = png_chunks(
        37, 29, 8, 2, [r.tobytes() for r in rgb],
        struct.pack(">I", 6) + b"tRNS" + bytes(6) + struct.pack(">I", zlib.crc32(b"tRNS" + bytes(6))))
    del files["interlaced.png"]
    files["frame.gif"] = encoded(image.quantize(64), "GIF")
    files["two_frames.gif"] = encoded(image.quantize(64), "GIF", save_all=True, append_images=[ImageOps.invert(image).quantize(64)])
    for name, options in (("part", {}), ("part_transparent", {"transparency": 2})):
        gif = bytearray(encoded(image.quantize(16), "GIF", **options))
        gif[6:10] = struct.pack("<HH", 50, 40)  # a larger screen
        at = gif.index(b"\x2c" + bytes(4) + struct.pack("<HH", 37, 29))
        gif[at + 1:at + 5] = struct.pack("<HH", 5, 7)
        files[f"{name}.gif"] = bytes(gif)
    files["rgb.bmp"] = encoded(image, "BMP")
    files["palette.bmp"] = encoded(image.quantize(16), "BMP")
    files["one_bit.bmp"] = encoded(image.convert("1"), "BMP")
    pixels = (rgb.astype(np.int64) >> 3)
    packed = (pixels[:, :, 0] << 10 | pixels[:, :, 1] << 5 | pixels[:, :, 2]).astype("<u2")
    body = b"".join(np.pad(r, (0, 1)).tobytes() for r in packed[::-1])
    files["rgb_15_bit.bmp"] = (b"BM" + struct.pack("<IHHI", 54 + len(body), 0, 0, 54)
                               + struct.pack("<IiiHHIIiiII", 40, 37, 29, 1, 16, 0, len(body), 0, 0, 0, 0) + body)
    files["lossless.webp"] = encoded(image, "WEBP", lossless=True)
    files["lossless_alpha.webp"] = encoded(alpha, "WEBP", lossless=True, exact=True)
    files["exif_6.webp"] = encoded(image, "WEBP", lossless=True, exif=orientation_tag(6, "II"))
    files["lossy.webp"] = encoded(image, "WEBP", quality=80)
    files["one_pixel.png"] = encoded(image.crop((3, 3, 4, 4)), "PNG")
    arrays = {}
    for name, data in files.items():
        with open(f"{out}/decode/{name}", "wb") as f:
            f.write(data)
        opened = Image.open(io.BytesIO(data))
        arrays[name] = np.array(opened.convert("RGB"))
        if name.startswith("exif"):
            arrays["upright/" + name] = np.array(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB"))
    save_safetensors(f"{out}/decoded.safetensors", arrays)


def sizes():
    fixed = [(1, 1, 5, 7), (5, 7, 1, 1), (1, 200, 3, 90), (64, 48, 32, 24), (64, 48, 64, 48), (64, 48, 64, 24),
             (333, 500, 80, 120), (997, 31, 40, 9), (12, 12, 300, 280)]
    rng = np.random.default_rng(5)
    return fixed + [tuple(int(v) for v in rng.integers(2, 260, 4)) for _ in range(30)]


def resize_goldens(out):
    path = f"{out}/resize_checksums.json"
    rows = json.load(open(path)) if os.path.exists(path) else []
    rules = {}
    pil = {"pillow_bilinear": Image.BILINEAR, "pillow_bicubic": Image.BICUBIC}
    for name, f in pil.items():
        rules[name] = lambda a, w, h, f=f: np.array(Image.fromarray(a).resize((w, h), f))
    try:
        import cv2
        rules["opencv_linear"] = lambda a, w, h: cv2.resize(a, (w, h), interpolation=cv2.INTER_LINEAR)
    except ImportError:
        pass
    try:
        import torch
        from torchvision.transforms.v2 import functional as F, InterpolationMode as M
        for name, mode in (("torchvision_bilinear", M.BILINEAR), ("torchvision_bicubic", M.BICUBIC)):
            rules[name] = lambda a, w, h, mode=mode: F.resize(
                torch.from_numpy(a).permute(2, 0, 1).contiguous(), [h, w], interpolation=mode, antialias=True
            ).permute(1, 2, 0).contiguous().numpy()
    except ImportError:
        pass
    rows = [r for r in rows if r[0] not in rules]
    for name, rule in rules.items():
        for w, h, tw, th in sizes():
            if name.startswith("torchvision") and (w * h == 1 or tw * th == 1):
                continue  # an internal assertion of PyTorch fails
            rows.append([name, w, h, tw, th, zlib.crc32(np.ascontiguousarray(rule(formula_image(w, h), tw, th)).tobytes())])
    with open(path, "w") as f:
        f.write("[\n" + ",\n".join(json.dumps(r) for r in sorted(rows)) + "\n]\n")


def normalisation_goldens(out):
    try:
        import torch
        from transformers import DetrImageProcessor
        from transformers.models.detr.image_processing_pil_detr import DetrImageProcessorPil
    except ImportError:
        return
    ramp = np.repeat(np.arange(256, dtype=np.uint8).reshape(16, 16, 1), 3, axis=2)
    result = []
    for backend, kind in (("torchvision", DetrImageProcessor), ("pillow", DetrImageProcessorPil)):
        for rescale, normalise, factor in ((True, True, 1 / 255), (True, False, 1 / 255), (False, True, 1 / 255), (True, True, 0.0078125)):
            processor = kind(do_resize=False, do_rescale=rescale, do_normalize=normalise, rescale_factor=factor)
            values = np.asarray(processor(ramp, return_tensors="np")["pixel_values"], dtype=np.float32).reshape(3, 256)
            result.append({"backend": backend, "rescale": rescale, "normalise": normalise, "factor": factor,
                           "bits": values.view(np.int32).reshape(-1).tolist()})
    with open(f"{out}/normalisation.json", "w") as f:
        json.dump(result, f)


if __name__ == "__main__":
    target = sys.argv[1]
    decode_goldens(target)
    resize_goldens(target)
    normalisation_goldens(target)
