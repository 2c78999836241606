package dev.detr4j.train.data;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;

/** Small data sets for tests, written as users write them. */
public final class SampleFiles {
  private SampleFiles() {}

  public static Path text(Path file, String text) {
    try {
      Files.createDirectories(file.getParent());
      return Files.writeString(file, text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A picture of one colour, which the number chooses. */
  public static Path picture(Path file, int width, int height, int number) {
    return picture(file, width, height, number, BufferedImage.TYPE_INT_RGB);
  }

  public static Path picture(Path file, int width, int height, int number, int type) {
    BufferedImage image = new BufferedImage(width, height, type);
    Graphics2D graphics = image.createGraphics();
    graphics.setColor(new Color(number * 7919 & 0xffffff));
    graphics.fillRect(0, 0, width, height);
    graphics.dispose();
    try {
      Files.createDirectories(file.getParent());
      String name = file.getFileName().toString();
      if (!ImageIO.write(image, name.endsWith("png") ? "png" : "jpg", file.toFile())) {
        throw new AssertionError("no writer for " + file);
      }
      return file;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A COCO file of these parts. */
  public static Path coco(Path file, String images, String annotations, String categories) {
    return text(
        file,
        "{\"images\": [%s], \"annotations\": [%s], \"categories\": [%s]}"
            .formatted(images, annotations, categories));
  }
}
