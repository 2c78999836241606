"""What can be seen of a code: the rules by which a picture is taken or drawn again."""

import cv2
import numpy as np

from . import warp

LEAST_CONTRAST = 12.0  # standard deviation of the grey levels
HIDDEN = 0.3  # the greatest share of a code that may be covered or outside the picture
LEAST_CORRELATION = 0.6  # below, people see texture; about one drawn code in forty


def inside(polygon, width, height):
    """The share of a polygon that lies in the picture."""
    total = warp.area(polygon)
    return warp.area(warp.clip_polygon(polygon, width, height)) / total if total else 0.0


def all_inside(codes, width, height):
    """Each code is either wholly outside or mostly inside, and no smaller than can be told from dirt."""
    for _, polygon in codes:
        share = inside(polygon, width, height)
        if 0 < share < 1 - HIDDEN:
            return False
        low, high = polygon.min(0), polygon.max(0)
        if share and (max(high - low) < 0.03 * max(width, height) or warp.area(polygon) < 36):
            return False
    return True


def covered(mask, polygon):
    """The share of a polygon where the mask is set."""
    area = np.zeros(mask.shape, np.uint8)
    cv2.fillPoly(area, [np.round(polygon).astype(np.int32)], 1)
    total = area.sum()
    limit = 0.5 if mask.dtype == np.float32 else 127
    return float(((mask > limit) & (area > 0)).sum() / total) if total else 0.0


def change(before, after, polygon):
    """How far the printed code differs from what was there, in grey levels; ink of the ground's colour does not."""
    area = np.zeros(before.shape[:2], np.uint8)
    cv2.fillPoly(area, [np.round(polygon).astype(np.int32)], 255)
    pixels = cv2.countNonZero(area)
    return cv2.norm(before, after, cv2.NORM_L1, area) / (3 * pixels) if pixels else float("inf")  # outside the picture


def stands_out(picture, ink, polygon):
    """Light and camera have left contrast in the code's middle, and it comes from the code rather than from what the code is printed on."""
    return contrast(picture, polygon) >= LEAST_CONTRAST and correlation(picture, ink, polygon) >= LEAST_CORRELATION


def contrast(picture, polygon):
    """The deviation of the grey levels in the code's middle."""
    low, high = polygon.min(0), polygon.max(0)
    x0, y0 = np.floor(low + (high - low) * 0.2).astype(int)
    x1, y1 = np.ceil(high - (high - low) * 0.2).astype(int)
    grey = cv2.cvtColor(picture[y0:y1, x0:x1], cv2.COLOR_BGR2GRAY)
    return cv2.GaussianBlur(grey, (0, 0), 0.7).std()


def correlation(picture, ink, polygon):
    """How closely the picture's grey levels follow the code's ink, 0 to 1: of shadings, at the sharpness that suits them best.

    Its square is the share of the variation within the code that is the code's own; texture below the ink, glare and grain are the rest.
    """
    low, high = polygon.min(0), polygon.max(0)
    longest = max(high - low)
    height, width = ink.shape
    (x0, y0), (x1, y1) = np.floor(low).astype(int).clip(0), np.ceil(high).astype(int).clip(0, [width, height])
    part = np.s_[y0:y1, x0:x1]
    area = np.zeros((y1 - y0, x1 - x0), np.uint8)
    cv2.fillPoly(area, [np.round(polygon - [x0, y0]).astype(np.int32)], 1)
    within = area > 0
    planes = cv2.cvtColor(picture[part], cv2.COLOR_BGR2GRAY).astype(np.float32), ink[part]
    shadings = [cv2.GaussianBlur(plane, (0, 0), max(3.0, 0.15 * longest)) for plane in planes]
    closest = 0.0
    for sharpness in (0.7, 1.4, 2.5):
        seen, wanted = ((cv2.GaussianBlur(plane, (0, 0), sharpness) - shading)[within] for plane, shading in zip(planes, shadings))
        seen, wanted = seen - seen.mean(), wanted - wanted.mean()
        scale = np.sqrt((seen * seen).sum() * (wanted * wanted).sum())
        closest = max(closest, abs(float((seen * wanted).sum())) / scale if scale else 0.0)
    return closest
