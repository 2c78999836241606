package dev.detr4j.image;

/** A width and a height in pixels. */
public record PixelSize(int width, int height) {
  /** The number of pixels. */
  public long pixels() {
    return (long) width * height;
  }

  /** As in {@code 640x480}. */
  @Override
  public String toString() {
    return width + "x" + height;
  }
}
