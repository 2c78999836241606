package dev.detr4j.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.zxing.BarcodeFormat;
import com.google.zxing.MultiFormatWriter;
import com.google.zxing.WriterException;
import com.google.zxing.common.BitMatrix;
import dev.detr4j.image.ImageView;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class FindAndDecodeCodesTest {
  private static final int CODE = 160;
  private static final int LEFT = 130;
  private static final int TOP = 70;
  private static final int QUIET = 20;

  /** A dark image with a code on white paper at its right. */
  private static BufferedImage picture(BarcodeFormat format) throws WriterException {
    BitMatrix matrix = new MultiFormatWriter().encode("DETR4J 2026", format, CODE, CODE);
    BufferedImage picture = new BufferedImage(400, 300, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < 300; y++) {
      for (int x = 0; x < 400; x++) {
        int column = x - LEFT - QUIET;
        int row = y - TOP - QUIET;
        boolean code =
            column >= 0 && row >= 0 && column < matrix.getWidth() && row < matrix.getHeight();
        boolean paper = x >= LEFT && y >= TOP && y < TOP + CODE + 2 * QUIET;
        boolean dark = code && matrix.get(column, row);
        picture.setRGB(x, y, dark ? 0x102030 : paper ? 0xf0f0e0 : (x * 31 + y * 17) % 64 * 0x10101);
      }
    }
    return picture;
  }

  @ParameterizedTest
  @EnumSource(
      value = BarcodeFormat.class,
      names = {"QR_CODE", "DATA_MATRIX", "AZTEC", "PDF_417", "CODE_128"})
  void readsWhatLiesInABox(BarcodeFormat format) throws WriterException {
    BufferedImage picture = picture(format);
    byte[] pixels = new byte[300 * 400 * 3];
    for (int i = 0; i < 300 * 400; i++) {
      int rgb = picture.getRGB(i % 400, i / 400);
      pixels[3 * i] = (byte) (rgb >> 16);
      pixels[3 * i + 1] = (byte) (rgb >> 8);
      pixels[3 * i + 2] = (byte) rgb;
    }
    ImageView image = ImageView.rgb(pixels, 400, 300);
    for (int quiet : new int[] {0, 30}) {
      assertEquals(
          Optional.of("DETR4J 2026"),
          FindAndDecodeCodes.decode(image, LEFT, TOP, 400 - LEFT, CODE + 2 * QUIET, quiet),
          format::name);
    }
    assertEquals(Optional.empty(), FindAndDecodeCodes.decode(image, 0, 0, 60, 60, 30));
    assertEquals(Optional.empty(), FindAndDecodeCodes.decode(image, 399, 299, 1, 1, 30));
  }

  @Test
  void whatIsFoundIsRead(@TempDir Path folder) throws IOException, WriterException {
    Path photo = folder.resolve("photo.png");
    ImageIO.write(picture(BarcodeFormat.QR_CODE), "png", photo.toFile());
    PrintStream before = System.out;
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
      FindAndDecodeCodes.main(new String[] {photo.toString(), photo.toString()});
    } finally {
      System.setOut(before);
    }
    List<String> lines = bytes.toString(StandardCharsets.UTF_8).lines().toList();
    assertTrue(lines.getFirst().matches(".*photo.png: ZXing alone reads .+"), lines::getFirst);
    assertTrue(lines.get(1).matches("  qr_code \\d\\.\\d\\d: DETR4J 2026"), lines.get(1));
    assertTrue(
        lines.getLast().matches("2 photos; with a text: ZXing alone \\d, in the best detection 2"),
        lines::getLast);
  }
}
