package dev.detr4j.serve.dialect;

import dev.detr4j.Detection;
import java.util.List;

/**
 * What was found in an image.
 *
 * @param width in pixels, as the model saw it: turned by EXIF where the model's project does so
 * @param height as the width
 * @param detections boxes in these pixels
 */
public record ImageResult(int width, int height, List<Detection> detections) {}
