package dev.detr4j.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.error.ImageException;
import dev.detr4j.golden.GoldenFolder;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Files off the standard, and the pixels that Pillow 12.3 makes of each under both orientation
 * rules; {@code golden-scripts/make_pillow_files.py} makes them.
 */
class PillowFilesTest {
  private static final String NONE = "-";

  /** What Pillow makes up without a palette, this library calls damaged. */
  private static final String WITHOUT_PALETTE = "png_no_palette.png";

  private static final Map<String, byte[]> FILES = new TreeMap<>();

  /** One line: the file's pixels as Pillow has them, {@code -} where it refuses the file. */
  private record Expected(
      Orientation rule, String file, String width, String height, String checksum) {
    String pixels() {
      return width + "x" + height + " " + checksum;
    }
  }

  private static final List<Expected> EXPECTED = new ArrayList<>();

  @BeforeAll
  static void readOwn() throws IOException {
    read(new GoldenFolder("prepost").bytes("pillow_files.zip"), FILES, EXPECTED);
  }

  private static void read(byte[] zip, Map<String, byte[]> files, List<Expected> expectations)
      throws IOException {
    try (ZipInputStream entries = new ZipInputStream(new ByteArrayInputStream(zip))) {
      for (ZipEntry entry = entries.getNextEntry(); entry != null; entry = entries.getNextEntry()) {
        files.put(entry.getName(), entries.readAllBytes());
      }
    }
    byte[] lines = files.remove("expected.tsv");
    for (String line : new String(lines, StandardCharsets.UTF_8).lines().toList()) {
      String[] fields = line.split("\t", -1);
      expectations.add(
          new Expected(Orientation.valueOf(fields[0]), fields[1], fields[2], fields[3], fields[4]));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"jpeg_", "png_", "gif_", "bmp_", "webp_", "exif_", "xmp_"})
  void pixelsEqualThoseOfPillow(String kind) {
    List<String> faults = new ArrayList<>();
    int compared = 0;
    for (Expected expected : EXPECTED) {
      if (!expected.file.startsWith(kind)) {
        continue;
      }
      compared++;
      String found = decode(FILES, expected);
      boolean asPillow = found.equals(expected.pixels());
      // What Pillow refuses may be read or refused; what it reads must be read.
      if (!asPillow && !expected.checksum.equals(NONE) && !expected.file.equals(WITHOUT_PALETTE)) {
        faults.add(expected + ", found " + found);
      }
    }
    assertTrue(compared > 20, kind + " has only " + compared);
    assertEquals(List.of(), faults);
  }

  private static String decode(Map<String, byte[]> files, Expected expected) {
    try {
      ImageView image =
          new ImageDecoder(expected.rule, ImageDecoder.DEFAULT_MAX_PIXELS)
              .decode(files.get(expected.file), expected.file);
      CRC32 checksum = new CRC32();
      checksum.update(image.pixels().asByteBuffer());
      return image.width() + "x" + image.height() + " " + checksum.getValue();
    } catch (ImageException e) {
      assertEquals(1, String.valueOf(e.getMessage()).lines().count(), e.getMessage());
      return String.valueOf(e.getMessage());
    }
  }

  @Test
  void whatIsNotReadIsNotCalledDamaged() {
    int found = 0;
    for (String name : FILES.keySet()) {
      if (name.startsWith("unsupported_")) {
        found++;
        String message = refusal(name);
        assertTrue(message.endsWith(" is not supported"), message);
      }
    }
    assertEquals(7, found);
    assertEquals(
        "unsupported_arithmetic.jpg: JPEG with arithmetic coding is not supported",
        refusal("unsupported_arithmetic.jpg"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"jpeg_plain_cut_100_nothing.jpg", "png_cut.png", "gif_cut_20.gif", "bmp_cut.bmp"})
  void truncatedFilesAreRefused(String name) {
    String message = refusal(name);
    assertTrue(message.contains("truncated"), message);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 20})
  void truncatedWebpIsRefused(int cut) {
    assertEquals(
        "webp_cut_"
            + cut
            + ".webp: damaged or truncated WebP image: it ends before the size that it says it has",
        refusal("webp_cut_" + cut + ".webp"));
  }

  private static String refusal(String name) {
    ImageException e =
        assertThrows(
            ImageException.class, () -> new ImageDecoder().decode(FILES.get(name), name), name);
    return String.valueOf(e.getMessage());
  }

  /** Counts and lists; what must hold of these files is not for this test to say. */
  @Test
  @EnabledIfSystemProperty(named = "detr4j.pillow.zip", matches = ".+")
  void anotherSuite() throws IOException {
    Map<String, byte[]> files = new TreeMap<>();
    List<Expected> expectations = new ArrayList<>();
    read(Files.readAllBytes(Path.of(System.getProperty("detr4j.pillow.zip"))), files, expectations);
    Map<String, Integer> counts = new TreeMap<>();
    for (Expected expected : expectations) {
      String found = decode(files, expected);
      boolean refused = found.startsWith(expected.file + ": ");
      String outcome;
      if (expected.checksum.equals(NONE)) {
        outcome = refused ? "refused by both" : "refused by Pillow alone";
      } else if (refused) {
        outcome = "refused by detr4j alone";
      } else {
        outcome = found.equals(expected.pixels()) ? "the same" : "differs";
      }
      counts.merge(expected.rule + " " + outcome, 1, Integer::sum);
      if (outcome.equals("differs") || outcome.equals("refused by detr4j alone")) {
        System.out.println(expected.rule + " " + expected.file + " " + outcome + ": " + found);
      }
    }
    System.out.println(counts);
  }
}
