package dev.detr4j.train.augment;

import dev.detr4j.image.ImageView;
import dev.detr4j.image.PixelFormat;
import dev.detr4j.image.PixelSize;
import dev.detr4j.image.PlainResampler;
import dev.detr4j.image.ResamplingPlan;
import dev.detr4j.image.ResamplingRule;
import dev.detr4j.train.data.TrainingImage;
import dev.detr4j.train.match.Targets;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A picture with its boxes while both are changed. Pixels are RGB in memory of one arena. */
public final class Scene {
  private final Arena arena;
  private ImageView pixels;
  private final SceneBoxes boxes;

  private Scene(Arena arena, ImageView pixels, SceneBoxes boxes) {
    this.arena = arena;
    this.pixels = pixels;
    this.boxes = boxes;
  }

  /**
   * Begins with a decoded image, which is not written.
   *
   * @param arena of whatever memory changes need
   */
  public static Scene of(ImageView pixels, TrainingImage image, Arena arena) {
    if (pixels.format() != PixelFormat.RGB) {
      throw new IllegalArgumentException("pixels are " + pixels.format() + ", expected RGB");
    }
    return new Scene(arena, pixels, SceneBoxes.of(image));
  }

  /** An empty canvas of one colour. */
  static Scene canvas(int width, int height, int red, int green, int blue, Arena arena) {
    MemorySegment rgb = arena.allocate(3L * width * height);
    for (long i = 0; i < (long) width * height; i++) {
      rgb.set(ValueLayout.JAVA_BYTE, 3 * i, (byte) red);
      rgb.set(ValueLayout.JAVA_BYTE, 3 * i + 1, (byte) green);
      rgb.set(ValueLayout.JAVA_BYTE, 3 * i + 2, (byte) blue);
    }
    return new Scene(arena, ImageView.rgb(rgb, width, height), SceneBoxes.none());
  }

  /** The pixels as they are now. */
  public ImageView pixels() {
    return pixels;
  }

  /** The boxes as they are now. */
  public SceneBoxes boxes() {
    return boxes;
  }

  /** Pixels a row. */
  public int width() {
    return pixels.width();
  }

  /** Rows. */
  public int height() {
    return pixels.height();
  }

  /** The boxes as fractions of this picture, which is not padded yet. */
  public Targets targets() {
    return boxes.targets(width(), height());
  }

  /** Turns left and right round. */
  void flip() {
    pixels = mirrored(pixels, arena);
    boxes.flip(width());
  }

  static ImageView mirrored(ImageView source, Arena arena) {
    int width = source.width();
    int height = source.height();
    MemorySegment turned = arena.allocate(3L * width * height);
    byte[] row = new byte[3 * width];
    byte[] reversed = new byte[3 * width];
    for (int y = 0; y < height; y++) {
      MemorySegment.copy(
          source.pixels(), ValueLayout.JAVA_BYTE, y * source.rowStride(), row, 0, row.length);
      for (int to = 0, from = 3 * (width - 1); from >= 0; to += 3, from -= 3) {
        reversed[to] = row[from];
        reversed[to + 1] = row[from + 1];
        reversed[to + 2] = row[from + 2];
      }
      MemorySegment.copy(
          reversed, 0, turned, ValueLayout.JAVA_BYTE, 3L * y * width, reversed.length);
    }
    return ImageView.rgb(turned, width, height);
  }

  /** Brings the picture to a size. */
  void resize(PixelSize size, ResamplingRule rule) {
    int fromWidth = width();
    int fromHeight = height();
    if (size.width() == fromWidth && size.height() == fromHeight) {
      return;
    }
    pixels = resized(pixels, size, rule, arena);
    boxes.resize(fromWidth, fromHeight, size.width(), size.height());
  }

  static ImageView resized(ImageView source, PixelSize size, ResamplingRule rule, Arena arena) {
    PixelSize from = new PixelSize(source.width(), source.height());
    MemorySegment target = arena.allocate(3 * size.pixels());
    ResamplingPlan plan = rule.plan(from, size);
    try (Arena scratch = Arena.ofConfined()) {
      PlainResampler.resize(source, plan, scratch.allocate(plan.intermediateBytes()), target);
    }
    return ImageView.rgb(target, size.width(), size.height());
  }

  /** Keeps a part of the picture, without a copy. */
  void crop(int top, int left, int height, int width) {
    pixels = part(pixels, top, left, height, width);
    boxes.crop(top, left, height, width);
  }

  static ImageView part(ImageView whole, int top, int left, int height, int width) {
    return new ImageView(
        whole.pixels().asSlice(top * whole.rowStride() + 3L * left),
        PixelFormat.RGB,
        width,
        height,
        whole.rowStride());
  }

  /** The same picture with rows that follow each other. */
  Scene packed() {
    if (pixels.rowStride() != 3L * width()) {
      Scene copy = canvas(width(), height(), 0, 0, 0, arena);
      copy.paste(pixels, 0, 0);
      pixels = copy.pixels;
    }
    return this;
  }

  /** Copies pixels to a place of this picture. */
  void paste(ImageView part, int left, int top) {
    for (int y = 0; y < part.height(); y++) {
      MemorySegment.copy(
          part.pixels(),
          y * part.rowStride(),
          pixels.pixels(),
          (top + y) * pixels.rowStride() + 3L * left,
          3L * part.width());
    }
  }

  /** Replaces every value of a channel by a table of 3 x 256 values. */
  void recolour(byte[] table) {
    int width = width();
    int height = height();
    MemorySegment changed = arena.allocate(3L * width * height);
    byte[] row = new byte[3 * width];
    for (int y = 0; y < height; y++) {
      MemorySegment.copy(
          pixels.pixels(), ValueLayout.JAVA_BYTE, y * pixels.rowStride(), row, 0, row.length);
      for (int i = 0; i < row.length; i += 3) {
        row[i] = table[row[i] & 0xff];
        row[i + 1] = table[256 | (row[i + 1] & 0xff)];
        row[i + 2] = table[512 | (row[i + 2] & 0xff)];
      }
      MemorySegment.copy(row, 0, changed, ValueLayout.JAVA_BYTE, 3L * y * width, row.length);
    }
    pixels = ImageView.rgb(changed, width, height);
  }
}
