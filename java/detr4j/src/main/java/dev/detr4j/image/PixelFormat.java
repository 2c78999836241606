package dev.detr4j.image;

/**
 * The order of the bytes of one pixel in memory. Every sample is a byte; alpha is ignored, as
 * Pillow's {@code convert("RGB")} drops it without blending.
 */
public enum PixelFormat {
  /** Red, green, blue: Pillow's and detr4j's own. */
  RGB(3, 0, 1, 2),
  /** Blue, green, red: OpenCV's, and {@code BufferedImage.TYPE_3BYTE_BGR}. */
  BGR(3, 2, 1, 0),
  /** Red, green, blue, alpha or padding. */
  RGBA(4, 0, 1, 2),
  /** Blue, green, red, alpha or padding: what most cameras and windows give. */
  BGRA(4, 2, 1, 0),
  /** Alpha or padding, red, green, blue. */
  ARGB(4, 1, 2, 3),
  /** Alpha or padding, blue, green, red: {@code BufferedImage.TYPE_4BYTE_ABGR}. */
  ABGR(4, 3, 2, 1),
  /** One byte of grey, which becomes red, green and blue. */
  GRAY(1, 0, 0, 0);

  private final int bytes;
  private final int red;
  private final int green;
  private final int blue;

  PixelFormat(int bytes, int red, int green, int blue) {
    this.bytes = bytes;
    this.red = red;
    this.green = green;
    this.blue = blue;
  }

  /** Bytes of a pixel. */
  public int bytes() {
    return bytes;
  }

  /** Writes {@code count} pixels as RGB. */
  void toRgb(byte[] from, byte[] to, int count) {
    int pitch = bytes;
    int r = red;
    int g = green;
    int b = blue;
    for (int i = 0, at = 0, out = 0; i < count; i++, at += pitch, out += 3) {
      to[out] = from[at + r];
      to[out + 1] = from[at + g];
      to[out + 2] = from[at + b];
    }
  }
}
