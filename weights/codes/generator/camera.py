"""What light, lens, sensor and file format do to a picture."""

import cv2
import numpy as np

from . import textures


def light(rng, picture):
    """Uneven light, shadows and glare."""
    height, width = picture.shape[:2]
    if rng.random() < 0.7:
        falloff = 1 + rng.uniform(0.1, 0.6) * textures.noise(rng, height, width, max(height, width) * rng.uniform(0.4, 1.2))
        picture = picture * np.clip(falloff, 0.35, 1.5)[..., None]
    if rng.random() < 0.25:  # the shadow of something with an edge
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        angle = rng.uniform(0, 2 * np.pi)
        across = np.cos(angle) * (x - rng.uniform(0, width)) + np.sin(angle) * (y - rng.uniform(0, height))
        picture = picture * (1 - rng.uniform(0.2, 0.65) / (1 + np.exp(-across / rng.uniform(1, 30))))[..., None]
    if rng.random() < 0.15:
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        for _ in range(rng.integers(1, 4)):
            radius = rng.uniform(0.03, 0.2) * width
            stretch = rng.uniform(1, 4)
            angle = rng.uniform(0, np.pi)
            dx, dy = x - rng.uniform(0, width), y - rng.uniform(0, height)
            along, across = np.cos(angle) * dx + np.sin(angle) * dy, np.cos(angle) * dy - np.sin(angle) * dx
            spot = np.exp(-((along / (radius * stretch)) ** 2 + (across / radius) ** 2))
            picture = picture + (rng.uniform(60, 300) * spot)[..., None]
    return picture


def dirt(rng, picture):
    height, width = picture.shape[:2]
    for _ in range(rng.integers(2, 25)):
        colour = textures.random_colour(rng).tolist()
        centre = (int(rng.integers(width)), int(rng.integers(height)))
        if rng.random() < 0.6:
            cv2.circle(picture, centre, int(rng.integers(1, max(2, width // 90))), colour, -1, cv2.LINE_AA)
        else:
            end = (int(centre[0] + rng.normal(0, width / 8)), int(centre[1] + rng.normal(0, height / 8)))
            cv2.line(picture, centre, end, colour, 1, cv2.LINE_AA)
    return picture


def _blur(rng, picture):
    draw = rng.random()
    if draw < 0.5:
        return cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.35, 0.9))
    if draw < 0.8:
        return cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.8, 2.0))
    length = int(rng.integers(3, 11))
    kernel = np.zeros((length, length), np.float32)
    angle, half = rng.uniform(0, np.pi), (length - 1) / 2
    start = (int(round(half - half * np.cos(angle))), int(round(half - half * np.sin(angle))))
    end = (int(round(half + half * np.cos(angle))), int(round(half + half * np.sin(angle))))
    cv2.line(kernel, start, end, 1.0, 1)
    return cv2.filter2D(picture, -1, kernel / kernel.sum())


def expose(rng, picture):
    """Blur, exposure, colour, noise and compression; returns 8 bits a channel."""
    height, width = picture.shape[:2]
    if rng.random() < 0.2:  # fewer pixels than the picture has
        factor = rng.uniform(0.45, 0.9)
        small = cv2.resize(picture, (int(width * factor), int(height * factor)), interpolation=cv2.INTER_AREA)
        picture = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.75:
        picture = _blur(rng, picture)
    if rng.random() < 0.35:
        picture = np.repeat((picture @ np.array([0.114, 0.587, 0.299], np.float32))[..., None], 3, axis=2)
    elif rng.random() < 0.6:
        picture = picture * rng.uniform(0.8, 1.2, 3).astype(np.float32)
    lowest, highest = rng.uniform(0, 50) if rng.random() < 0.4 else 0, rng.uniform(130, 255) if rng.random() < 0.5 else 255
    picture = lowest + np.clip(picture / 255, 0, 1.2) ** np.exp(rng.normal(0, 0.25)) * (highest - lowest)
    if rng.random() < 0.7:
        strength = np.exp(rng.uniform(np.log(0.8), np.log(11)))
        grain = rng.standard_normal((height, width, 3 if rng.random() < 0.5 else 1), dtype=np.float32)
        picture = picture + strength * grain
    if rng.random() < 0.15:
        picture = picture + rng.uniform(0.4, 1.2) * (picture - cv2.GaussianBlur(picture.astype(np.float32), (0, 0), 1.2))
    picture = np.clip(picture, 0, 255).astype(np.uint8)
    quality = int(rng.uniform(25, 70)) if rng.random() < 0.35 else int(rng.uniform(70, 96))
    return cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)
