"""Writes off-standard image files and what Pillow makes of each, as one zip for PillowFilesTest.

    python make_pillow_files.py ../resources/golden/prepost/pillow_files.zip        (Pillow 12.3.0)

    python make_pillow_files.py OUT.zip FOLDER

takes the images of a folder instead, such as Pillow's own Tests/images, for

    mvn -pl java/detr4j -am test -Dtest=PillowFilesTest -Ddetr4j.pillow.zip=OUT.zip -Dsurefire.failIfNoSpecifiedTests=false

which counts and lists what is the same, what differs and what is refused.

In the zip: the files, and `expected.tsv` with a line for each file and orientation rule: rule, file, width, height and CRC-32
of the packed RGB bytes; `-` for all three where Pillow refuses the file. Everything is computed, nothing is read.
"""

import base64
import io
import pathlib
import random
import struct
import sys
import warnings
import zipfile
import zlib

from PIL import Image, ImageOps

RANDOM = random.Random(20)
FILES = {}


def picture(width, height, mode="RGB"):
    """A smooth picture with edges."""
    values = bytes(
        (x * 255 // width if c == 0 else y * 255 // height if c == 1 else 200 * ((x // 7 + y // 5) % 2) + (x * y) % 40)
        for y in range(height)
        for x in range(width)
        for c in range(3)
    )
    return Image.frombytes("RGB", (width, height), values).convert(mode)


def encoded(image, format, **options):
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


# ---- JPEG ----


# Chroma with half the rows, which Pillow does not write: cjpeg -quality 40 -optimize -sample 1x2 of picture(17, 13).
HALF_THE_ROWS = (
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABQODxIPDRQSEBIXFRQYHjIhHhwcHj0sLiQySUBMS0dARkVQWnNiUFVtVkVGZIhlbXd7gYKBTmCNl4"
    "x9lnN+gXz/2wBDARUXFx4aHjshITt8U0ZTfHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHz/wAARCAAN"
    "ABEDARIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAABQb/xAAhEAABAwQBBQAAAAAAAAAAAAABAAIDBBEhUQUSExVhof/EABcBAQADAAAAAA"
    "AAAAAAAAAAAAQCAwX/xAAfEQABBAICAwAAAAAAAAAAAAABAAIDBBEUQVESMXH/2gAMAwEAAhEDEQA/ABoONLbOIFhlUMEIJAJwfSqFqDI8Ac8f"
    "UCK25HRUYeOkNydqijpY2tu0WIUprEoaTMQW849rVgudITxjtBUHaG/iDtVuin7bl//Z"
)


def segment(marker, body, length=None):
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2 if length is None else length) + body


def segments(jpeg):
    """Offsets of the segments up to the first scan's."""
    at, found = 2, [2]
    while jpeg[at + 1] != 0xDA:
        at += 2 + struct.unpack(">H", jpeg[at + 2 : at + 4])[0]
        found.append(at)
    return found


def without(jpeg, marker):
    offsets = segments(jpeg)
    kept = [jpeg[a:b] for a, b in zip(offsets, offsets[1:]) if jpeg[a + 1] != marker]
    return jpeg[:2] + b"".join(kept) + jpeg[offsets[-1] :]


def icc(number, count, body=b"no profile"):
    return segment(0xE2, b"ICC_PROFILE\0" + bytes([number, count]) + body)


def jpegs():
    plain = encoded(picture(33, 19), "JPEG", quality=60)
    progressive = encoded(picture(33, 19), "JPEG", quality=60, progressive=True)
    restarts = encoded(picture(33, 19), "JPEG", quality=60, restart_marker_blocks=3)
    grey = encoded(picture(33, 19, "L"), "JPEG")
    cmyk = encoded(picture(33, 19, "CMYK"), "JPEG", quality=60)
    inserted = {
        "length_0": b"\xff\xe3\0\0",
        "length_1": b"\xff\xe1\0\1",
        "fill": b"\xff\xff\xff" + segment(0xE5, b"abc"),
        "junk": b"\x11\x22\x33",
        "zero_marker": b"\x00\xe1" + struct.pack(">H", 20) + b"Exif\0\0" + b"q" * 12,
        "escaped": b"\xff\0\xff\0x",
        "restart": b"\xff\xd3",
        "comment": segment(0xFE, b"x" * 60000),
        "icc_missing": icc(2, 5) + icc(4, 5),
        "icc_twice": icc(1, 1) + icc(1, 1),
        "icc_zero": icc(0, 0),
        "icc_order": icc(3, 3) + icc(1, 3) + icc(2, 3),
        "adobe_short": segment(0xEE, b"Adobe\0d\0\0\0\0"),
        "adobe_cut": segment(0xEE, b"Adobe\0d\0\0\0\0\1", length=13),
        "adobe_rgb": segment(0xEE, b"Adobe\0d\0\0\0\0\0"),
        "exif_damaged": segment(0xE1, b"Exif\0\0II*\0\xff\xff\xff\xff"),
        "number_of_lines": segment(0xDC, b"\0\x2f"),
        "past_end": segment(0xE4, b"abc", length=60000),
        "second_start": b"\xff\xd8",
    }
    for kind, jpeg in (("plain", plain), ("progressive", progressive), ("cmyk", cmyk)):
        offsets = segments(jpeg)
        for name, extra in inserted.items():
            for place in (0, len(offsets) - 1) if kind == "plain" else (len(offsets) // 2,):
                at = offsets[place]
                FILES[f"jpeg_{kind}_{name}_{place}.jpg"] = jpeg[:at] + extra + jpeg[at:]
    for kind, jpeg in (("plain", plain), ("grey", grey), ("progressive", progressive), ("cmyk", cmyk)):
        FILES[f"jpeg_{kind}_no_huffman_tables.jpg"] = without(jpeg, 0xC4)
    FILES["jpeg_half_the_rows.jpg"] = base64.b64decode(HALF_THE_ROWS)
    FILES["jpeg_no_quantisation.jpg"] = without(plain, 0xDB)
    FILES["jpeg_no_jfif.jpg"] = without(plain, 0xE0)
    for kind, jpeg in (("plain", plain), ("progressive", progressive), ("restarts", restarts), ("cmyk", cmyk)):
        for cut in (0, 1, 2, 100):
            for tail_name, tail in (("nothing", b""), ("zeros", b"\0" * 500), ("end", b"\0\xff\xd9"), ("text", b"some text" * 30)):
                if (kind, cut, tail_name) == ("progressive", 100, "end"):
                    continue  # newer versions of libjpeg smooth what a missing scan leaves out in another way
                FILES[f"jpeg_{kind}_cut_{cut}_{tail_name}.jpg"] = jpeg[: len(jpeg) - cut] + tail
    # The frame header names another process; what follows does not matter, for none of these is read.
    for marker, name in ((0xC3, "lossless"), (0xC5, "hierarchical"), (0xC9, "arithmetic"), (0xCA, "arithmetic_progressive")):
        at = plain.index(b"\xff\xc0")
        FILES[f"unsupported_{name}.jpg"] = plain[: at + 1] + bytes([marker]) + plain[at + 2 :]
    at = plain.index(b"\xff\xc0")
    FILES["unsupported_12_bits.jpg"] = plain[: at + 4] + b"\x0c" + plain[at + 5 :]


# ---- PNG ----


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def png(width, height, depth, kind, interlaced=0, before=b"", after=b""):
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[kind]
    data = b""
    for x, y, across, down in PASSES if interlaced else ((0, 0, 1, 1),):
        columns, rows = (width - x + across - 1) // across, (height - y + down - 1) // down
        if columns > 0 and rows > 0:
            data += b"".join(b"\0" + RANDOM.randbytes((columns * channels * depth + 7) // 8) for _ in range(rows))
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlaced)
    body = chunk(b"IHDR", header) + before + chunk(b"IDAT", zlib.compress(data)) + after
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b"")


def pngs():
    for kind, depths in ((0, (1, 2, 4, 8, 16)), (2, (8, 16)), (3, (1, 2, 4, 8)), (4, (8, 16)), (6, (8, 16))):
        for depth in depths:
            palette = chunk(b"PLTE", RANDOM.randbytes(3 * max(1, (1 << depth) - 1))) if kind == 3 else b""
            transparency = chunk(b"tRNS", {0: b"\0\1", 2: b"\0\1\0\2\0\3"}.get(kind, b"\x80\xff\0"))
            for interlaced in (0, 1):
                for name, extra in (("", palette), ("_transparent", palette + transparency)):
                    FILES[f"png_{kind}_{depth}_{interlaced}{name}.png"] = png(13, 9, depth, kind, interlaced, extra)
    palette = chunk(b"PLTE", RANDOM.randbytes(768))
    notes = {
        "gamma": chunk(b"gAMA", struct.pack(">I", 100000)),
        "profile_damaged": chunk(b"iCCP", b"x\0\0no zlib"),
        "text_damaged": chunk(b"zTXt", b"k\0\0bad") + chunk(b"tEXt", b"no value") + chunk(b"iTXt", b"k\0\1"),
        "time_damaged": chunk(b"tIME", b"\0"),
        "suggested": chunk(b"sPLT", b"x") + chunk(b"hIST", b"\0\1") + chunk(b"bKGD", b"\0"),
        "private": chunk(b"prVt", b"abc"),
    }
    for name, extra in notes.items():
        FILES[f"png_{name}.png"] = png(13, 9, 8, 2, before=extra)
        FILES[f"png_{name}_palette.png"] = png(13, 9, 8, 3, before=palette + extra)
        FILES[f"png_{name}_after.png"] = png(13, 9, 8, 2, after=extra)
    FILES["png_no_palette.png"] = png(13, 9, 8, 3)
    FILES["png_no_end.png"] = png(13, 9, 8, 2)[:-12]
    FILES["png_cut.png"] = png(40, 30, 8, 2)[:-500]


# ---- GIF ----


def gif(indices, bits, size, screen=None, place=(0, 0), table=None, local=None, interlaced=False, transparent=None, code_size=None):
    def flags_and_table(colors):
        if colors is None:
            return 0, b""
        power = 0
        while (2 << power) * 3 < len(colors):
            power += 1
        return 0x80 | power, colors.ljust(3 * (2 << power), b"\0")

    flags, colors = flags_and_table(table)
    out = b"GIF89a" + struct.pack("<HHBBB", *(screen or size), flags, 0, 0) + colors
    if transparent is not None:
        out += b"\x21\xf9\4\1\0\0" + bytes([transparent]) + b"\0"
    flags, colors = flags_and_table(local)
    out += b"," + struct.pack("<HHHHB", *place, *size, flags | (0x40 if interlaced else 0)) + colors
    width = code_size or max(2, bits)
    clear, value, count, data = 1 << width, 0, 0, bytearray()
    codes = []
    for i, index in enumerate(indices):
        codes += [clear, index] if i % (clear - 3) == 0 else [index]
    for code in codes + [clear + 1]:
        value |= code << count
        count += width + 1
        while count >= 8:
            data.append(value & 255)
            value >>= 8
            count -= 8
    data.append(value & 255)
    blocks = b"".join(bytes([len(data[i : i + 255])]) + bytes(data[i : i + 255]) for i in range(0, len(data), 255))
    return out + bytes([width]) + blocks + b"\0;"


def gifs():
    for bits in (1, 2, 4, 8):
        for size in ((12, 10), (1, 1), (5, 3), (9, 17)):
            indices = [RANDOM.randrange(1 << bits) for _ in range(size[0] * size[1])]
            colors = RANDOM.randbytes(3 << bits)
            for interlaced in (False, True):
                name = f"gif_{bits}_{size[0]}x{size[1]}{'_interlaced' if interlaced else ''}"
                FILES[name + ".gif"] = gif(indices, bits, size, table=colors, interlaced=interlaced)
                FILES[name + "_no_table.gif"] = gif(indices, bits, size, interlaced=interlaced)
                FILES[name + "_short_table.gif"] = gif(indices, bits, size, table=colors[:6], interlaced=interlaced)
    indices = [RANDOM.randrange(16) for _ in range(120)]
    colors, ramp = RANDOM.randbytes(48), bytes(i for i in range(4) for _ in range(3))
    FILES["gif_ramp.gif"] = gif(indices, 4, (12, 10), table=ramp)
    FILES["gif_local.gif"] = gif(indices, 4, (12, 10), table=RANDOM.randbytes(48), local=colors)
    for name, transparent in (("", None), ("_transparent", 5)):
        FILES[f"gif_part{name}.gif"] = gif(indices, 4, (12, 10), (20, 20), (3, 4), colors, transparent=transparent)
        FILES[f"gif_grows{name}.gif"] = gif(indices, 4, (12, 10), (5, 5), (3, 4), colors, transparent=transparent)
        FILES[f"gif_part{name}_no_table.gif"] = gif(indices, 4, (12, 10), (20, 20), (3, 4), transparent=transparent)
    for code_size in (6, 8, 9, 11, 12):
        FILES[f"gif_code_size_{code_size}.gif"] = gif(indices, 4, (12, 10), table=colors, code_size=code_size)
    whole = gif(indices, 4, (12, 10), table=colors)
    for cut in (1, 2, 5, 20, 80):
        FILES[f"gif_cut_{cut}.gif"] = whole[:-cut]
    FILES["gif_ends_early.gif"] = gif(indices[:60], 4, (12, 10), table=colors)
    FILES["gif_real.gif"] = encoded(picture(61, 47).quantize(200), "GIF")


# ---- BMP ----


def bmp(width, height, bits, header=40, compression=0, top_down=False, palette=None, colors=0, masks=b"", bare=False, data=None, offset=None):
    data = RANDOM.randbytes((width * bits + 31) // 32 * 4 * height) if data is None else data
    if header == 12:
        head = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        sizes = (width, -height if top_down else height)
        head = struct.pack("<IiiHHIIiiII", header, *sizes, 1, bits, compression, len(data), 2835, 2835, colors, 0)
        head += masks[:12] if header == 40 else (masks + bytes(header))[: header - 40]
    if palette is None:
        palette = RANDOM.randbytes((3 if header == 12 else 4) << bits) if bits <= 8 else b""
    start = 14 + len(head) + len(palette) if offset is None else offset
    body = head + palette + data
    return body if bare else b"BM" + struct.pack("<IHHI", 14 + len(body), 0, 0, start) + body


def run_lengths(width, height):
    out = b""
    for _ in range(height):
        x = 0
        while x < width:
            count = min(RANDOM.randrange(1, 9), width - x)
            if count >= 3 and RANDOM.random() < 0.5:
                out += bytes([0, count]) + RANDOM.randbytes(count) + (b"\0" if count % 2 else b"")
            else:
                out += bytes([count, RANDOM.randrange(256)])
            x += count
        out += b"\0\0"
    return out + b"\0\1"


def bmps():
    for header in (12, 40, 52, 56, 64, 108, 124):
        for bits in (1, 4, 8, 16, 24, 32):
            FILES[f"bmp_{header}_{bits}.bmp"] = bmp(13, 7, bits, header)
            FILES[f"bmp_{header}_{bits}.dib"] = bmp(13, 7, bits, header, bare=True)
            if header > 12:
                FILES[f"bmp_{header}_{bits}_down.bmp"] = bmp(13, 7, bits, header, top_down=True)
    masks = {"565": (16, 0xF800, 0x7E0, 0x1F, 0), "555": (16, 0x7C00, 0x3E0, 0x1F, 0), "24": (24, 0xFF0000, 0xFF00, 0xFF, 0)}
    masks |= {"xrgb": (32, 0xFF0000, 0xFF00, 0xFF, 0), "rgba": (32, 0xFF, 0xFF00, 0xFF0000, 0xFF000000)}
    masks |= {"rgbx": (32, 0xFF000000, 0xFF0000, 0xFF00, 0), "none": (32, 0, 0, 0, 0)}
    for name, (bits, *values) in masks.items():
        for header in (40, 56, 108, 124):
            packed = struct.pack("<4I", *values)
            FILES[f"bmp_masks_{name}_{header}.bmp"] = bmp(13, 7, bits, header, 3, masks=packed)
            FILES[f"bmp_masks_{name}_{header}.dib"] = bmp(13, 7, bits, header, 3, masks=packed, bare=True)
    ramp = bytes(v for i in range(256) for v in (i, i, i, 0))
    FILES["bmp_ramp.bmp"] = bmp(13, 7, 8, palette=ramp)
    FILES["bmp_short_ramp.bmp"] = bmp(13, 7, 8, palette=ramp[:400], colors=100)
    FILES["bmp_short_palette.bmp"] = bmp(13, 7, 8, palette=RANDOM.randbytes(400), colors=100)
    FILES["bmp_offset_without_palette.bmp"] = bmp(13, 7, 8, offset=54)
    FILES["bmp_offset_zero.bmp"] = bmp(13, 7, 24, offset=0)
    FILES["bmp_unpadded.bmp"] = bmp(13, 7, 24)[:-1]
    FILES["bmp_cut.bmp"] = bmp(13, 7, 24)[:-8]
    for i, (width, height) in enumerate(((1, 1), (13, 7), (37, 29))):
        runs = run_lengths(width, height)
        FILES[f"bmp_rle8_{i}.bmp"] = bmp(width, height, 8, compression=1, data=runs)
        FILES[f"bmp_rle8_{i}_os2.bmp"] = bmp(width, height, 8, 64, 1, data=runs)
        FILES[f"bmp_rle8_{i}.dib"] = bmp(width, height, 8, compression=1, data=runs, bare=True)
        FILES[f"bmp_rle8_{i}_no_end.bmp"] = bmp(width, height, 8, compression=1, data=runs[:-4])
        FILES[f"bmp_rle8_{i}_cut.bmp"] = bmp(width, height, 8, compression=1, data=runs[: len(runs) // 2])
    FILES["unsupported_os2_huffman.bmp"] = bmp(13, 7, 1, 64, 3)
    FILES["unsupported_header.bmp"] = bmp(13, 7, 24, 46)


# ---- WebP ----


def riff(*chunks):
    body = b"WEBP" + b"".join(k + struct.pack("<I", len(d)) + d + (b"\0" if len(d) & 1 else b"") for k, d in chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def extended(flags, width, height):
    return b"VP8X", bytes([flags, 0, 0, 0]) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")


def webps():
    for quality in (0, 30, 80, 100):
        for size in ((31, 25), (1, 1), (17, 33)):
            FILES[f"webp_{quality}_{size[0]}x{size[1]}.webp"] = encoded(picture(*size), "WEBP", quality=quality)
    alpha = picture(31, 25, "RGBA")
    alpha.putalpha(picture(31, 25, "L"))
    for name, options in (("lossy", {"quality": 70}), ("lossless", {"lossless": True}), ("exact", {"lossless": True, "exact": True})):
        FILES[f"webp_alpha_{name}.webp"] = encoded(alpha, "WEBP", **options)
    FILES["webp_profile.webp"] = encoded(picture(31, 25), "WEBP", quality=80, icc_profile=b"no profile at all")
    still = encoded(picture(40, 30), "WEBP", quality=80)[12:]
    frame = b"".join(n.to_bytes(3, "little") for n in (5, 7, 39, 29, 100)) + b"\0" + still
    for name, canvas in (("offset", (81, 65)), ("outside", (40, 30))):
        FILES[f"webp_animation_{name}.webp"] = riff(extended(2, *canvas), (b"ANIM", b"\1\2\3\xff\0\0"), (b"ANMF", frame), (b"ANMF", frame))
    frames = [picture(31, 25), picture(31, 25).rotate(90)]
    for lossless in (False, True):
        FILES[f"webp_animation_{lossless}.webp"] = encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=lossless)
    whole = FILES["webp_80_31x25.webp"]
    for cut in (1, 2, 20, len(whole) // 2, len(whole) - 14):
        FILES[f"webp_cut_{cut}.webp"] = whole[:-cut]


# ---- orientation ----


def tiff(*entries, order="<", count=None, offset=8):
    out, data = struct.pack(order + "H", len(entries) if count is None else count), b""
    for tag, kind, number, value in entries:
        field = value.ljust(4, b"\0")
        if len(value) > 4:
            field = struct.pack(order + "L", offset + 6 + 12 * len(entries) + len(data))
            data += value
        out += struct.pack(order + "HHL", tag, kind, number) + field
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HL", 42, offset)
    return head.ljust(offset, b"\0") + out + bytes(4) + data


def exif_data():
    out = {}
    for order, name in (("<", "little"), (">", "big")):

        def pack(kind, *values):
            return struct.pack(order + kind, *values)

        for value in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9):
            out[f"short_{value}_{name}"] = tiff((0x112, 3, 1, pack("H", value)), order=order)
        kinds = {"byte": (1, "B", 6), "text": (2, "2s", b"6"), "long": (4, "L", 6), "rational": (5, "2L", 12, 2), "signed_byte": (6, "b", 6)}
        kinds |= {"undefined": (7, "B", 6), "signed_short": (8, "h", 6), "signed_long": (9, "l", 6), "float": (11, "f", 6)}
        kinds |= {"double": (12, "d", 6), "half": (11, "f", 6.5), "unknown": (99, "H", 6)}
        for kind, (number, form, *values) in kinds.items():
            out[f"{kind}_{name}"] = tiff((0x112, number, 1, pack(form, *values)), order=order)
        six = (0x112, 3, 1, pack("H", 6))
        out[f"two_values_{name}"] = tiff((0x112, 3, 3, pack("3H", 6, 3, 1)), order=order)
        out[f"no_value_{name}"] = tiff((0x112, 3, 0, pack("H", 6)), order=order)
        out[f"twice_{name}"] = tiff(six, (0x112, 3, 1, pack("H", 3)), order=order)
        out[f"after_maker_{name}"] = tiff((0x10F, 2, 10, b"some maker"), six, order=order)
        outside = tiff((0x10F, 2, 10, b"some maker"), six, order=order)
        out[f"after_maker_outside_{name}"] = outside.replace(pack("HHL", 0x10F, 2, 10), pack("HHL", 0x10F, 2, 10000))
        out[f"count_too_large_{name}"] = tiff(six, order=order, count=50)
        out[f"late_directory_{name}"] = tiff(six, order=order, offset=40)
        out[f"cut_{name}"] = tiff(six, order=order)[:-6]
        out[f"elsewhere_{name}"] = tiff((0x8769, 4, 1, pack("L", 26)), order=order) + tiff(six, order=order)[8:]
    out["empty"] = b""
    out["doubled"] = b"Exif\0\0" + tiff((0x112, 3, 1, b"\6\0"))
    out["absent"] = tiff((0x100, 3, 1, b"\6\0"))
    return out


XMP_NOTES = {
    "attribute": b'<x tiff:Orientation="6"/>',
    "element": b"<tiff:Orientation>8</tiff:Orientation>",
    "zero": b'<x tiff:Orientation="0"/>',
    "quotes": b"<x tiff:Orientation='6'/>",
    "two": b'tiff:Orientation="1" tiff:Orientation="6"',
    "other": b'exif:Orientation="6"',
}
XMP_NAME = b"http://ns.adobe.com/xap/1.0/\0"


def orientations():
    jpeg, png_file = encoded(picture(6, 4), "JPEG", quality=90), png(6, 4, 8, 2)
    webp = encoded(picture(6, 4), "WEBP", lossless=True)[12:]
    webp_chunk = webp[:4], webp[8 : 8 + struct.unpack("<I", webp[4:8])[0]]

    def with_segments(*added):
        return jpeg[:20] + b"".join(added) + jpeg[20:]

    def with_chunks(before=b"", after=b""):
        end = png_file.index(b"IEND") - 4
        return png_file[:33] + before + png_file[33:end] + after + png_file[end:]

    def with_webp_notes(exif=None, xmp=None, flags=None):
        flags = (8 if exif is not None else 0) | (4 if xmp is not None else 0) if flags is None else flags
        notes = [(k, d) for k, d in ((b"EXIF", exif), (b"XMP ", xmp)) if d is not None]
        return riff(extended(flags, 6, 4), webp_chunk, *notes)

    def raw(data):
        digits = data.hex()
        lines = "\n".join(digits[i : i + 72] for i in range(0, len(digits), 72))
        return f"\nexif\n{len(data):8d}\n{lines}\n".encode()

    for name, data in exif_data().items():
        FILES[f"exif_{name}.jpg"] = with_segments(segment(0xE1, b"Exif\0\0" + data))
        FILES[f"exif_{name}.png"] = with_chunks(chunk(b"eXIf", data))
        FILES[f"exif_{name}.webp"] = with_webp_notes(data)
    seen = exif_data()["short_6_little"]
    for name, data in (("absent", exif_data()["absent"]), ("text", exif_data()["text_big"]), ("three", exif_data()["short_3_big"])):
        xmp = XMP_NOTES["attribute"]
        FILES[f"exif_{name}_xmp.jpg"] = with_segments(segment(0xE1, b"Exif\0\0" + data), segment(0xE1, XMP_NAME + xmp))
        FILES[f"exif_{name}_xmp.png"] = with_chunks(chunk(b"eXIf", data) + chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp))
        FILES[f"exif_{name}_xmp.webp"] = with_webp_notes(data, xmp)
    for name, xmp in XMP_NOTES.items():
        FILES[f"xmp_{name}.jpg"] = with_segments(segment(0xE1, XMP_NAME + xmp))
        FILES[f"xmp_{name}.png"] = with_chunks(chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp))
        FILES[f"xmp_{name}_compressed.png"] = with_chunks(b"", chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0en\0k\0" + zlib.compress(xmp)))
        FILES[f"xmp_{name}.webp"] = with_webp_notes(None, xmp)
    FILES["exif_prefixed.png"] = with_chunks(chunk(b"eXIf", b"Exif\0\0" + seen))
    FILES["exif_prefixed.webp"] = with_webp_notes(b"Exif\0\0" + seen)
    FILES["exif_after.png"] = with_chunks(b"", chunk(b"eXIf", seen))
    FILES["exif_raw.png"] = with_chunks(chunk(b"tEXt", b"Raw profile type exif\0" + raw(b"Exif\0\0" + seen)))
    FILES["exif_raw_compressed.png"] = with_chunks(b"", chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(raw(seen))))
    FILES["exif_no_flag.webp"] = with_webp_notes(seen, flags=0)
    FILES["exif_split.jpg"] = with_segments(segment(0xE1, b"Exif\0\0" + seen[:12]), segment(0xE1, b"Exif\0\0" + seen[12:]))
    FILES["exif_after_junk.jpg"] = with_segments(b"\1\2\xff\xe1\0\0", segment(0xE1, b"Exif\0\0" + seen))
    FILES["exif_behind.jpg"] = jpeg[:-2] + segment(0xE1, b"Exif\0\0" + seen) + jpeg[-2:]


def main():
    warnings.simplefilter("ignore")
    if len(sys.argv) > 2:
        folder = pathlib.Path(sys.argv[2])
        endings = {".jpg", ".png", ".gif", ".bmp", ".dib", ".webp", ".apng", ".mpo"}
        images = (path for path in folder.rglob("*") if path.suffix.lower() in endings)
        FILES.update((path.relative_to(folder).as_posix(), path.read_bytes()) for path in images)
    else:
        for make in (jpegs, pngs, gifs, bmps, webps, orientations):
            make()
    lines = []
    for name, data in sorted(FILES.items()):
        for rule in ("IGNORE", "APPLY"):
            try:
                image = Image.open(io.BytesIO(data))
                image = ImageOps.exif_transpose(image) if rule == "APPLY" else image
                image = image.convert("RGB")
                lines.append(f"{rule}\t{name}\t{image.width}\t{image.height}\t{zlib.crc32(image.tobytes())}")
            except Exception:
                lines.append(f"{rule}\t{name}\t-\t-\t-")
    with zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(FILES.items()) + [("expected.tsv", "\n".join(lines) + "\n")]:
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    print(len(FILES), "files,", sum(line.endswith("-") for line in lines), "of", len(lines), "refused by Pillow")


if __name__ == "__main__":
    main()
