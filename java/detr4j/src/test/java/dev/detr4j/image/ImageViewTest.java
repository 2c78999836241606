package dev.detr4j.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.detr4j.error.ImageException;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Pixels of every layout, as packed RGB; the judge of AWT's layouts is AWT. */
class ImageViewTest {
  private static final int WIDTH = 37;
  private static final int HEIGHT = 23;

  @ParameterizedTest
  @CsvSource({
    "RGB, 10 20 30",
    "BGR, 30 20 10",
    "RGBA, 10 20 30 99",
    "BGRA, 30 20 10 99",
    "ARGB, 99 10 20 30",
    "ABGR, 99 30 20 10"
  })
  void theBytesOfAPixelStandWhereItsNameSays(PixelFormat format, String stored) {
    Integer[] bytes =
        Arrays.stream(stored.split(" ", -1)).map(Integer::valueOf).toArray(Integer[]::new);
    byte[] pixel = new byte[bytes.length];
    for (int i = 0; i < pixel.length; i++) {
      pixel[i] = bytes[i].byteValue();
    }
    assertArrayEquals(new byte[] {10, 20, 30}, rgb(ImageView.of(format, pixel, 1, 1)));
  }

  @Test
  void greyBecomesThreeEqualChannels() {
    byte[] grey = {7, (byte) 200};
    assertArrayEquals(
        new byte[] {7, 7, 7, (byte) 200, (byte) 200, (byte) 200},
        rgb(ImageView.of(PixelFormat.GRAY, grey, 2, 1)));
  }

  /** Rows far apart, in native memory, more of them than fit one chunk. */
  @ParameterizedTest
  @EnumSource
  void stridesAreFollowed(PixelFormat format) {
    int width = 1500;
    int height = 40;
    int rowBytes = width * format.bytes();
    byte[] packed = new byte[rowBytes * height];
    new Random(5).nextBytes(packed);
    byte[] expected = rgb(ImageView.of(format, packed, width, height));
    try (Arena arena = Arena.ofConfined()) {
      long stride = rowBytes + 13L;
      MemorySegment apart = arena.allocate(stride * (height - 1) + rowBytes);
      for (int y = 0; y < height; y++) {
        MemorySegment.copy(
            packed, y * rowBytes, apart, ValueLayout.JAVA_BYTE, y * stride, rowBytes);
      }
      assertArrayEquals(expected, rgb(new ImageView(apart, format, width, height, stride)));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 4, 5, 100})
  void memoryOfAnotherLayoutIsRefused(int bytesPerPixel) {
    byte[] pixels = new byte[bytesPerPixel * WIDTH * HEIGHT];
    ImageException e =
        assertThrows(ImageException.class, () -> ImageView.rgb(pixels, WIDTH, HEIGHT));
    assertEquals(
        bytesPerPixel < 3
            ? "image of 37x23 pixels, rows 111 bytes apart, does not fit 1702 bytes of RGB"
            : pixels.length
                + " bytes are not 37x23 packed pixels of RGB, which are 2553; name the format that"
                + " they have, or their row stride",
        e.getMessage());
  }

  @ParameterizedTest
  @ValueSource(
      ints = {
        BufferedImage.TYPE_INT_RGB,
        BufferedImage.TYPE_INT_ARGB,
        BufferedImage.TYPE_INT_BGR,
        BufferedImage.TYPE_3BYTE_BGR,
        BufferedImage.TYPE_4BYTE_ABGR,
        BufferedImage.TYPE_INT_ARGB_PRE,
        BufferedImage.TYPE_USHORT_565_RGB,
        BufferedImage.TYPE_BYTE_INDEXED
      })
  void buffersOfAwtHaveThePixelsThatAwtReads(int type) {
    BufferedImage whole = new BufferedImage(WIDTH, HEIGHT, type);
    Random random = new Random(type);
    for (int y = 0; y < HEIGHT; y++) {
      for (int x = 0; x < WIDTH; x++) {
        whole.setRGB(x, y, 0xff000000 | random.nextInt(1 << 24));
      }
    }
    assertArrayEquals(asAwtReads(whole), rgb(ImageView.of(whole)));
    BufferedImage part = whole.getSubimage(5, 3, 17, 11).getSubimage(2, 4, 9, 6);
    assertArrayEquals(asAwtReads(part), rgb(ImageView.of(part)));
  }

  /** AWT takes grey for linear light and brightens it; Pillow and the decoder do not. */
  @Test
  void greyBuffersHaveThePixelsThatTheDecoderReads() throws IOException {
    BufferedImage grey = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_BYTE_GRAY);
    byte[] samples = new byte[WIDTH * HEIGHT];
    new Random(1).nextBytes(samples);
    grey.getRaster().setDataElements(0, 0, WIDTH, HEIGHT, samples);
    ByteArrayOutputStream png = new ByteArrayOutputStream();
    ImageIO.write(grey, "png", png);
    assertArrayEquals(
        rgb(new ImageDecoder().decode(png.toByteArray(), "grey")), rgb(ImageView.of(grey)));
  }

  @Test
  void memoryThatRanOutIsNamedByItsOption() throws IOException {
    ByteArrayOutputStream png = new ByteArrayOutputStream();
    ImageIO.write(new BufferedImage(2048, 1024, BufferedImage.TYPE_INT_RGB), "png", png);
    Arena full =
        new Arena() {
          @Override
          public MemorySegment allocate(long bytes, long alignment) {
            throw new OutOfMemoryError("as the JVM has it");
          }

          @Override
          public MemorySegment.Scope scope() {
            return Arena.global().scope();
          }

          @Override
          public void close() {}
        };
    assertEquals(
        "large.png: no memory outside the heap for 2048x1024 pixels, 6 MB; decode fewer images at"
            + " once or raise -XX:MaxDirectMemorySize",
        assertThrows(
                ImageException.class,
                () -> new ImageDecoder().decode(png.toByteArray(), "large.png", full))
            .getMessage());
  }

  private static byte[] asAwtReads(BufferedImage image) {
    byte[] rgb = new byte[3 * image.getWidth() * image.getHeight()];
    int at = 0;
    for (int y = 0; y < image.getHeight(); y++) {
      for (int x = 0; x < image.getWidth(); x++) {
        int pixel = image.getRGB(x, y);
        rgb[at++] = (byte) (pixel >> 16);
        rgb[at++] = (byte) (pixel >> 8);
        rgb[at++] = (byte) pixel;
      }
    }
    return rgb;
  }

  /** The whole image, by the rows that a session would convert. */
  private static byte[] rgb(ImageView image) {
    RgbRows rows = new RgbRows();
    byte[] rgb = new byte[3 * image.width() * image.height()];
    int most = RgbRows.rowsAtOnce(image);
    for (int row = 0; row < image.height(); row += most) {
      int count = Math.min(most, image.height() - row);
      MemorySegment.copy(
          rows.of(image, row, count),
          ValueLayout.JAVA_BYTE,
          0,
          rgb,
          3 * row * image.width(),
          3 * count * image.width());
    }
    return rgb;
  }
}
