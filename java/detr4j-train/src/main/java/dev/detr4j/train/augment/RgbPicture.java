package dev.detr4j.train.augment;

import dev.detr4j.image.ImageView;
import java.awt.image.BufferedImage;
import java.lang.foreign.ValueLayout;

/** Pixels in memory as a picture of Java2D. Stateless. */
public final class RgbPicture {
  private RgbPicture() {}

  /**
   * A copy.
   *
   * @param image of three bytes a pixel: red, green, blue
   */
  public static BufferedImage of(ImageView image) {
    BufferedImage picture =
        new BufferedImage(image.width(), image.height(), BufferedImage.TYPE_INT_RGB);
    int[] row = new int[image.width()];
    for (int y = 0; y < image.height(); y++) {
      for (int x = 0; x < row.length; x++) {
        long at = y * image.rowStride() + 3L * x;
        int rgb = 0;
        for (int c = 0; c < 3; c++) {
          rgb = rgb << 8 | (image.pixels().get(ValueLayout.JAVA_BYTE, at + c) & 0xff);
        }
        row[x] = rgb;
      }
      picture.setRGB(0, y, row.length, 1, row, 0, row.length);
    }
    return picture;
  }
}
