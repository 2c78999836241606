package dev.detr4j.spark;

import dev.detr4j.Box;
import dev.detr4j.Detection;
import dev.detr4j.Detector;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.jspecify.annotations.Nullable;

/** Photos of codes, each another one, and what a plain loop finds in them. */
final class Photos {
  static final Path PICTURE = Path.of("../../docs/pictures/codes.jpg");

  private static final int WIDTH = 400;
  private static final int HEIGHT = 300;

  private Photos() {}

  /** Writes so many photos into a folder: the picture of the documentation, moved and scaled. */
  static void write(Path folder, int count) throws IOException {
    write(folder, 0, count);
  }

  /** As above, of the photos from one number on. */
  static void write(Path folder, int first, int count) throws IOException {
    BufferedImage picture = ImageIO.read(PICTURE.toFile());
    Files.createDirectories(folder);
    for (int i = first; i < first + count; i++) {
      BufferedImage photo = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
      Graphics2D graphics = photo.createGraphics();
      graphics.setRenderingHint(
          RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR);
      double scale = 0.5 + (i % 11) * 0.02;
      int width = (int) (picture.getWidth() * scale);
      int height = (int) (picture.getHeight() * scale);
      graphics.drawImage(picture, -(i % 7) * 5, -(i % 13) * 3 + i / 1001, width, height, null);
      graphics.dispose();
      ByteArrayOutputStream jpeg = new ByteArrayOutputStream();
      ImageIO.write(photo, "jpg", jpeg);
      Files.write(folder.resolve("photo-%05d.jpg".formatted(i)), jpeg.toByteArray());
    }
  }

  /** The photos of a folder. */
  static List<Path> in(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(file -> !file.getFileName().toString().startsWith(".")).sorted().toList();
    }
  }

  /** What a plain loop finds in the photos of a folder, in the form of {@link #lines}. */
  static List<String> found(Detector detector, Path folder) throws IOException {
    List<String> lines = new ArrayList<>();
    for (Path photo : in(folder)) {
      lines.add(line(photo.getFileName().toString(), rows(detector.detect(photo)), null));
    }
    return lines;
  }

  /**
   * Rows as a sorted list of lines with every digit: a row that is missing, or there twice, is
   * seen.
   */
  static List<String> lines(Dataset<Row> found) {
    List<String> lines = new ArrayList<>();
    for (Row row : found.select("path", "detections", "detection_error").collectAsList()) {
      String path = row.getString(0);
      lines.add(
          line(
              path.substring(path.lastIndexOf('/') + 1),
              row.isNullAt(1) ? null : row.getList(1),
              row.getString(2)));
    }
    Collections.sort(lines);
    return lines;
  }

  private static String line(
      String name, @Nullable List<Row> detections, @Nullable String detectionError) {
    return "%s %s %s".formatted(name, detections, detectionError);
  }

  private static List<Row> rows(List<Detection> detections) {
    List<Row> rows = new ArrayList<>();
    for (Detection each : detections) {
      Box box = each.box();
      rows.add(
          RowFactory.create(
              each.label(),
              each.labelId(),
              each.score(),
              box.xMin(),
              box.yMin(),
              box.xMax(),
              box.yMax()));
    }
    return rows;
  }
}
