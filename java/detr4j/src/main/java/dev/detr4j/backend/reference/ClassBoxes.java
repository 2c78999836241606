package dev.detr4j.backend.reference;

/**
 * Boxes moved apart by class, and their overlaps; every operation is rounded to fp32, as in the
 * projects that define the results.
 */
final class ClassBoxes {
  private final float[][] boxes;

  private ClassBoxes(float[][] boxes) {
    this.boxes = boxes;
  }

  static ClassBoxes of(Elements boxes, Elements labels, int count) {
    float largest = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < count; i++) {
      for (int c = 0; c < 4; c++) {
        largest = Math.max(largest, boxes.f32(0, i, c));
      }
    }
    float[][] moved = new float[count][4];
    for (int i = 0; i < count; i++) {
      float offset = labels.i32(0, 0, i) * (largest + 1);
      for (int c = 0; c < 4; c++) {
        moved[i][c] = boxes.f32(0, i, c) + offset;
      }
    }
    return new ClassBoxes(moved);
  }

  /** Intersection over union; NaN when the union is empty. */
  float iou(int i, int j) {
    float[] a = boxes[i];
    float[] b = boxes[j];
    float width = Math.max(0, Math.min(a[2], b[2]) - Math.max(a[0], b[0]));
    float height = Math.max(0, Math.min(a[3], b[3]) - Math.max(a[1], b[1]));
    float intersection = width * height;
    return intersection / (area(a) + area(b) - intersection);
  }

  private static float area(float[] box) {
    return (box[2] - box[0]) * (box[3] - box[1]);
  }
}
