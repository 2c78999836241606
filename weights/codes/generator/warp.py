"""From the flat print to the picture: bending, perspective, and the same mapping for outlines, so that boxes are exact."""

import cv2
import numpy as np


class Pose:
    """A print of `width` x `height` bent on a cylinder or in waves, turned in space and seen by a camera.

    Maps points of the print to points of the picture (`forward`) and back (`backward`); both are closed forms.
    """

    def __init__(self, rng, width, height):
        self._centre = np.array([width / 2, height / 2])
        self._half = max(width, height) / 2
        self._bend = rng.uniform(0.3, 1.25) if rng.random() < 0.25 else 0.0
        self._vertical = bool(rng.random() < 0.3)
        self._wave = rng.uniform(0.004, 0.02) if rng.random() < 0.2 else 0.0
        self._frequency, self._phase = rng.uniform(2, 9), rng.uniform(0, 2 * np.pi)
        draw = rng.random()
        roll = rng.normal(0, 0.12) if draw < 0.5 else rng.integers(4) * np.pi / 2 + rng.normal(0, 0.06) if draw < 0.65 else rng.uniform(0, 2 * np.pi)
        steepest = rng.choice([0.15, 0.5, 0.9], p=(0.45, 0.4, 0.15))
        pitch, yaw = rng.uniform(-steepest, steepest, 2)
        cos_r, sin_r, cos_p, sin_p, cos_y, sin_y = np.cos(roll), np.sin(roll), np.cos(pitch), np.sin(pitch), np.cos(yaw), np.sin(yaw)
        rotation = (
            np.array([[1, 0, 0], [0, cos_p, -sin_p], [0, sin_p, cos_p]])
            @ np.array([[cos_y, 0, sin_y], [0, 1, 0], [-sin_y, 0, cos_y]])
            @ np.array([[cos_r, -sin_r, 0], [sin_r, cos_r, 0], [0, 0, 1]])
        )
        distance = self._half * rng.uniform(2.5, 7)
        projection = np.diag([distance, distance, 1.0])
        self._homography = projection @ np.column_stack([rotation[:, 0], rotation[:, 1], [0, 0, distance]])
        self._shift = np.zeros(2)

    def move(self, shift):
        self._shift = np.asarray(shift, np.float64)

    def _bent(self, points):
        u = (points - self._centre) / self._half
        if self._vertical:
            u = u[..., ::-1]
        x, y = u[..., 0], u[..., 1]
        if self._bend:
            x = np.sin(np.clip(x * self._bend, -1.5, 1.5)) / self._bend
        if self._wave:
            y = y + self._wave * np.sin(self._frequency * x + self._phase)
        u = np.stack([y, x] if self._vertical else [x, y], -1)
        return u * self._half

    def _unbent(self, points):
        u = points / self._half
        if self._vertical:
            u = u[..., ::-1]
        x, y = u[..., 0], u[..., 1]
        if self._wave:
            y = y - self._wave * np.sin(self._frequency * x + self._phase)
        if self._bend:
            inside = np.abs(x * self._bend) < 1
            x = np.where(inside, np.arcsin(np.clip(x * self._bend, -1, 1)) / self._bend, 1e3)
        u = np.stack([y, x] if self._vertical else [x, y], -1)
        return u * self._half + self._centre

    def forward(self, points):
        points = self._bent(np.asarray(points, np.float64))
        w = points @ self._homography[2, :2] + self._homography[2, 2]
        return (points @ self._homography[:2, :2].T + self._homography[:2, 2]) / w[..., None] + self._shift

    def backward(self, points):
        inverse = np.linalg.inv(self._homography)
        points = points - self._shift
        w = points @ inverse[2, :2] + inverse[2, 2]
        return self._unbent((points @ inverse[:2, :2].T + inverse[:2, 2]) / w[..., None])

    def shade(self, points):
        """How much light reaches the bent surface at points of the print, about 1."""
        if not self._bend:
            return None
        u = (points - self._centre) / self._half
        x = u[..., 1] if self._vertical else u[..., 0]
        return 0.55 + 0.5 * np.cos(np.clip(x * self._bend, -1.5, 1.5) + 0.4 * np.sin(self._phase))


def outline(corners, pose, steps=8):
    """The outline of a code in the picture: its four edges in `steps` pieces each."""
    pieces = [corners[i] + (corners[(i + 1) % 4] - corners[i]) * np.linspace(0, 1, steps, endpoint=False)[:, None] for i in range(4)]
    return pose.forward(np.concatenate(pieces))


def project(picture, printed, pose):
    """Draws the print into the picture (in place). Returns its opacity there, for what lies below, and the ink of its codes."""
    height, width = picture.shape[:2]
    rows, columns = printed.image.shape[:2]
    border = outline(np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float64), pose)
    x0, y0 = np.clip(np.floor(border.min(0)).astype(int) - 1, 0, [width, height])
    x1, y1 = np.clip(np.ceil(border.max(0)).astype(int) + 2, 0, [width, height])
    opacity, ink = np.zeros((height, width), np.float32), np.zeros((height, width), np.float32)
    if x1 <= x0 or y1 <= y0:
        return opacity, ink
    grid = np.stack(np.meshgrid(np.arange(x0, x1) + 0.5, np.arange(y0, y1) + 0.5), -1)
    source = pose.backward(grid)
    maps = np.clip(source - 0.5, -9, 1e4).astype(np.float32)
    # The outermost pixels repeat beyond the print, or its edge would mix with black.
    image = cv2.remap(printed.image, maps[..., 0], maps[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    alpha = cv2.remap(printed.opacity, maps[..., 0], maps[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    shade = pose.shade(source)
    if shade is not None:
        image = image * shade.astype(np.float32)[..., None]
    part = picture[y0:y1, x0:x1]
    part += alpha[..., None] * (image - part)
    opacity[y0:y1, x0:x1] = alpha
    ink[y0:y1, x0:x1] = cv2.remap(printed.ink, maps[..., 0], maps[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return opacity, ink


def clip_polygon(polygon, width, height):
    """The part of a polygon (any simple one) inside the picture, after Sutherland and Hodgman; may be empty."""
    points = np.asarray(polygon, np.float64)
    for axis, limit, sign in ((0, 0, 1), (0, width, -1), (1, 0, 1), (1, height, -1)):
        kept = []
        for current, following in zip(points, np.roll(points, -1, axis=0)):
            inside, next_inside = sign * (current[axis] - limit) >= 0, sign * (following[axis] - limit) >= 0
            if inside:
                kept.append(current)
            if inside != next_inside:
                kept.append(current + (following - current) * (limit - current[axis]) / (following[axis] - current[axis]))
        points = np.array(kept).reshape(-1, 2)
        if not len(points):
            break
    return points


def area(polygon):
    if len(polygon) < 3:
        return 0.0
    x, y = polygon[:, 0], polygon[:, 1]
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)
