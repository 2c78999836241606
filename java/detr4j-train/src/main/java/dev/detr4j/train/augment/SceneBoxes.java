package dev.detr4j.train.augment;

import dev.detr4j.train.data.LabelledBox;
import dev.detr4j.train.data.TrainingImage;
import dev.detr4j.train.match.Targets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The boxes of a picture while it is changed: corners in pixels, in float and in the order of
 * operations of facebookresearch/detr's transforms, so that results are the same to the last bit.
 * Not thread-safe; every change is in place.
 */
public final class SceneBoxes {
  private int[] labels;
  private float[] corners;
  private float[] areas;

  private SceneBoxes(int[] labels, float[] corners, float[] areas) {
    this.labels = labels;
    this.corners = corners;
    this.areas = areas;
  }

  /**
   * The boxes of an image: crowds left out, clipped to the picture, empty ones left out.
   *
   * @param image of known size, with boxes in pixels
   */
  public static SceneBoxes of(TrainingImage image) {
    List<LabelledBox> boxes = image.boxes().stream().filter(box -> !box.crowd()).toList();
    int count = boxes.size();
    int[] labels = new int[count];
    float[] corners = new float[4 * count];
    float[] areas = new float[count];
    for (int i = 0; i < count; i++) {
      LabelledBox box = boxes.get(i);
      labels[i] = box.label();
      float x = (float) box.x();
      float y = (float) box.y();
      corners[4 * i] = Math.clamp(x, 0, image.width());
      corners[4 * i + 1] = Math.clamp(y, 0, image.height());
      corners[4 * i + 2] = Math.clamp(x + (float) box.width(), 0, image.width());
      corners[4 * i + 3] = Math.clamp(y + (float) box.height(), 0, image.height());
      areas[i] = box.area() > 0 ? (float) box.area() : (float) (box.width() * box.height());
    }
    SceneBoxes scene = new SceneBoxes(labels, corners, areas);
    scene.dropEmpty();
    return scene;
  }

  /** No boxes. */
  static SceneBoxes none() {
    return new SceneBoxes(new int[0], new float[0], new float[0]);
  }

  /** How many boxes there are. */
  public int count() {
    return labels.length;
  }

  /** The class of a box. */
  public int label(int i) {
    return labels[i];
  }

  /** Left, upper, right or lower edge (0 to 3) of a box, in pixels. */
  public float corner(int i, int edge) {
    return corners[4 * i + edge];
  }

  /** The area of the outline of a box, scaled with the picture. */
  public float area(int i) {
    return areas[i];
  }

  /** Turns left and right round in a picture of this width. */
  void flip(int width) {
    for (int i = 0; i < labels.length; i++) {
      float left = corners[4 * i];
      corners[4 * i] = -corners[4 * i + 2] + width;
      corners[4 * i + 2] = -left + width;
    }
  }

  /** Follows a resize. */
  void resize(int fromWidth, int fromHeight, int toWidth, int toHeight) {
    double across = (double) toWidth / fromWidth;
    double down = (double) toHeight / fromHeight;
    for (int i = 0; i < labels.length; i++) {
      for (int edge = 0; edge < 4; edge++) {
        corners[4 * i + edge] *= (float) (edge % 2 == 0 ? across : down);
      }
      areas[i] *= (float) (across * down);
    }
  }

  /** Follows a crop: shifted, clipped; what has no area left is dropped, slivers stay. */
  void crop(int top, int left, int height, int width) {
    for (int i = 0; i < labels.length; i++) {
      for (int edge = 0; edge < 4; edge++) {
        float moved = corners[4 * i + edge] - (edge % 2 == 0 ? left : top);
        corners[4 * i + edge] = Math.max(0, Math.min(moved, edge % 2 == 0 ? width : height));
      }
      areas[i] = (corners[4 * i + 2] - corners[4 * i]) * (corners[4 * i + 3] - corners[4 * i + 1]);
    }
    dropEmpty();
  }

  /**
   * Follows a scaling and a shift into a window, and clips to it.
   *
   * @param least the visible share below which a box is dropped
   */
  void place(
      double scaleX,
      double scaleY,
      double shiftX,
      double shiftY,
      int windowX,
      int windowY,
      int windowWidth,
      int windowHeight,
      double least) {
    List<Integer> kept = new ArrayList<>();
    for (int i = 0; i < labels.length; i++) {
      double x1 = corners[4 * i] * scaleX + shiftX;
      double y1 = corners[4 * i + 1] * scaleY + shiftY;
      double x2 = corners[4 * i + 2] * scaleX + shiftX;
      double y2 = corners[4 * i + 3] * scaleY + shiftY;
      double whole = (x2 - x1) * (y2 - y1);
      x1 = Math.clamp(x1, windowX, windowX + windowWidth);
      x2 = Math.clamp(x2, windowX, windowX + windowWidth);
      y1 = Math.clamp(y1, windowY, windowY + windowHeight);
      y2 = Math.clamp(y2, windowY, windowY + windowHeight);
      double visible = (x2 - x1) * (y2 - y1);
      if (visible > 0 && visible >= least * whole) {
        kept.add(i);
      }
      corners[4 * i] = (float) x1;
      corners[4 * i + 1] = (float) y1;
      corners[4 * i + 2] = (float) x2;
      corners[4 * i + 3] = (float) y2;
      areas[i] = (float) visible;
    }
    keep(kept);
  }

  private void dropEmpty() {
    List<Integer> kept = new ArrayList<>();
    for (int i = 0; i < labels.length; i++) {
      if (corners[4 * i + 2] > corners[4 * i] && corners[4 * i + 3] > corners[4 * i + 1]) {
        kept.add(i);
      }
    }
    keep(kept);
  }

  private void keep(List<Integer> kept) {
    if (kept.size() == labels.length) {
      return;
    }
    int[] fewer = new int[kept.size()];
    float[] edges = new float[4 * kept.size()];
    float[] sizes = new float[kept.size()];
    for (int i = 0; i < fewer.length; i++) {
      int from = kept.get(i);
      fewer[i] = labels[from];
      sizes[i] = areas[from];
      System.arraycopy(corners, 4 * from, edges, 4 * i, 4);
    }
    labels = fewer;
    corners = edges;
    areas = sizes;
  }

  /** Adds the boxes of another part of the same picture. */
  void add(SceneBoxes other) {
    int before = labels.length;
    labels = Arrays.copyOf(labels, before + other.labels.length);
    System.arraycopy(other.labels, 0, labels, before, other.labels.length);
    corners = Arrays.copyOf(corners, 4 * labels.length);
    System.arraycopy(other.corners, 0, corners, 4 * before, other.corners.length);
    areas = Arrays.copyOf(areas, labels.length);
    System.arraycopy(other.areas, 0, areas, before, other.areas.length);
  }

  /** What losses compare with: fractions of the unpadded picture. */
  public Targets targets(int width, int height) {
    float[] boxes = new float[corners.length];
    for (int i = 0; i < labels.length; i++) {
      float x1 = corners[4 * i];
      float y1 = corners[4 * i + 1];
      float x2 = corners[4 * i + 2];
      float y2 = corners[4 * i + 3];
      boxes[4 * i] = (x1 + x2) / 2 / width;
      boxes[4 * i + 1] = (y1 + y2) / 2 / height;
      boxes[4 * i + 2] = (x2 - x1) / width;
      boxes[4 * i + 3] = (y2 - y1) / height;
    }
    return new Targets(labels.clone(), boxes);
  }
}
