package dev.detr4j.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.error.ImageException;
import dev.detr4j.golden.GoldenFolder;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageDecoderTest {
  private static final GoldenFolder GOLDEN = new GoldenFolder("prepost");
  private static final Map<String, GoldenFolder.Tensor> DECODED =
      GOLDEN.tensors("decoded.safetensors");

  static Iterable<String> decodedByPillow() {
    assertEquals(53, DECODED.size());
    return DECODED.keySet().stream().sorted().toList();
  }

  @ParameterizedTest
  @MethodSource("decodedByPillow")
  void pixelsEqualThoseOfPillow(String name) {
    boolean upright = name.startsWith("upright/");
    Orientation orientation = upright ? Orientation.APPLY : Orientation.IGNORE;
    ImageDecoder decoder = new ImageDecoder(orientation, ImageDecoder.DEFAULT_MAX_PIXELS);
    String file = upright ? name.substring("upright/".length()) : name;
    ImageView image = decoder.decode(GOLDEN.bytes("decode/" + file), file);
    GoldenFolder.Tensor expected = DECODED.get(name);
    assertEquals(expected.shape()[0], image.height());
    assertEquals(expected.shape()[1], image.width());
    assertEquals(expected.data(), image.pixels().asByteBuffer());
  }

  @ParameterizedTest
  @ValueSource(strings = {"jpeg_420.jpg", "jpeg_progressive.jpg", "jpeg_cmyk.jpg"})
  void everyTruncationOfJpegIsOneLine(String name) {
    byte[] whole = GOLDEN.bytes("decode/" + name);
    for (int length = 0; length < whole.length; length++) {
      assertOneLine(Arrays.copyOf(whole, length), name);
    }
  }

  /** A few bytes at the end of the others hold no pixels. */
  @ParameterizedTest
  @ValueSource(strings = {"rgb.png", "palette.png", "frame.gif", "rgb.bmp"})
  void everyTruncationOfOthersIsOneLine(String name) {
    byte[] whole = GOLDEN.bytes("decode/" + name);
    for (int length = 0; length < whole.length - 22; length++) {
      assertOneLine(Arrays.copyOf(whole, length), name);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "jpeg_420.jpg",
        "jpeg_progressive.jpg",
        "exif_6.jpg",
        "rgb.png",
        "exif_6.png",
        "part.gif",
        "palette.bmp"
      })
  void damagedFilesGiveAnImageOrOneLine(String name) {
    byte[] whole = GOLDEN.bytes("decode/" + name);
    Random random = new Random(11);
    ImageDecoder decoder = new ImageDecoder(Orientation.APPLY, 1 << 20);
    for (int i = 0; i < 400; i++) {
      byte[] damaged = whole.clone();
      for (int flips = 1 + random.nextInt(3); flips > 0; flips--) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
      }
      try {
        decoder.decode(damaged, name);
      } catch (ImageException e) {
        assertFalse(e.getMessage().contains("\n"), e.getMessage());
      }
    }
  }

  @Test
  void filesThatAreNoImages(@TempDir Path folder) throws IOException {
    Path empty = Files.createFile(folder.resolve("empty.jpg"));
    Path text = Files.writeString(folder.resolve("notes.jpg"), "no picture");
    assertEquals(empty + ": is empty, expected an image", message(empty));
    assertEquals(
        text + ": not a known image format; expected JPEG, PNG, GIF, BMP or WebP", message(text));
    assertEquals(folder + ": is a folder, expected an image file", message(folder));
    Path missing = folder.resolve("missing.png");
    assertEquals(missing + ": no such file", message(missing));
    assertEquals(
        folder + "/two?lines.png: no such file", message(folder.resolve("two\nlines.png")));
    byte[] heic = "\0\0\0\30ftypheic".getBytes(StandardCharsets.ISO_8859_1);
    ImageException e =
        assertThrows(ImageException.class, () -> new ImageDecoder().decode(heic, "a.heic"));
    assertEquals(
        "a.heic: HEIC, AVIF or video is not supported; expected JPEG, PNG, GIF, BMP or WebP",
        e.getMessage());
    byte[] tiff = "II*\0\10\0\0\0\0\0".getBytes(StandardCharsets.ISO_8859_1);
    assertEquals(
        "a.tif: TIFF is not supported; expected JPEG, PNG, GIF, BMP or WebP",
        assertThrows(ImageException.class, () -> new ImageDecoder().decode(tiff, "a.tif"))
            .getMessage());
  }

  @Test
  void streamsAreReadToTheirEnd() {
    byte[] png = GOLDEN.bytes("decode/one_pixel.png");
    ImageView image = new ImageDecoder().decode(new ByteArrayInputStream(png), "standard input");
    assertEquals(1, image.width());
    assertEquals(DECODED.get("one_pixel.png").data(), image.pixels().asByteBuffer());
  }

  @Test
  void sizeIsCheckedBeforePixelsAreRead() {
    ImageException e =
        assertThrows(
            ImageException.class,
            () -> new ImageDecoder().decode(pngOfSize(20000, 20000), "wide.png"));
    assertEquals(
        "wide.png: image of 20000x20000 pixels is larger than the limit of 178956970 pixels",
        e.getMessage());
    ImageDecoder strict = new ImageDecoder(Orientation.IGNORE, 100);
    byte[] jpeg = GOLDEN.bytes("decode/jpeg_420.jpg");
    assertEquals(
        "a.jpg: image of 37x29 pixels is larger than the limit of 100 pixels",
        assertThrows(ImageException.class, () -> strict.decode(jpeg, "a.jpg")).getMessage());
  }

  @Test
  void anImageTwentyThousandPixelsWideWorks() throws IOException {
    BufferedImage wide = new BufferedImage(20000, 30, BufferedImage.TYPE_3BYTE_BGR);
    wide.setRGB(19999, 29, 0x010203);
    ByteArrayOutputStream png = new ByteArrayOutputStream();
    ImageIO.write(wide, "png", png);
    ImageView image = new ImageDecoder().decode(png.toByteArray(), "wide.png");
    assertEquals(20000, image.width());
    long last = image.pixels().byteSize() - 3;
    assertEquals(
        0x010203,
        image.pixels().asByteBuffer().getShort((int) last) << 8
            | image.pixels().asByteBuffer().get((int) last + 2));
  }

  private static String message(Path file) {
    return assertThrows(ImageException.class, () -> new ImageDecoder().decode(file)).getMessage();
  }

  private static void assertOneLine(byte[] bytes, String name) {
    ImageException e =
        assertThrows(
            ImageException.class,
            () -> new ImageDecoder().decode(bytes, name),
            bytes.length + " bytes");
    assertTrue(e.getMessage().startsWith(name + ": "), e.getMessage());
    assertFalse(e.getMessage().contains("\n"), e.getMessage());
  }

  /** A PNG that claims a size and holds nothing. */
  private static byte[] pngOfSize(int width, int height) {
    ByteBuffer png = ByteBuffer.allocate(8 + 25 + 12 + 12);
    png.put(new byte[] {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'});
    chunk(
        png,
        "IHDR",
        ByteBuffer.allocate(13)
            .putInt(width)
            .putInt(height)
            .put(new byte[] {8, 2, 0, 0, 0})
            .array());
    chunk(png, "IDAT", new byte[0]);
    chunk(png, "IEND", new byte[0]);
    return png.array();
  }

  private static void chunk(ByteBuffer png, String type, byte[] data) {
    png.putInt(data.length);
    CRC32 crc = new CRC32();
    byte[] name = type.getBytes(StandardCharsets.US_ASCII);
    crc.update(name);
    crc.update(data);
    png.put(name).put(data).putInt((int) crc.getValue());
  }
}
