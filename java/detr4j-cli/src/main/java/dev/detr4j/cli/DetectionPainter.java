package dev.detr4j.cli;

import dev.detr4j.error.ImageException;
import dev.detr4j.image.ImageView;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.Rectangle2D;
import java.awt.geom.RoundRectangle2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Draws boxes with their labels onto a copy of the image.
 *
 * <p>Every class has its colour. Lines and letters grow with the image. A label sits on a patch of
 * its box's colour above the box, or inside where there is no room, wholly within the image and
 * where possible not on another label; confident detections are drawn last, on top. Stateless.
 */
final class DetectionPainter {
  /** Multiples of this are spread evenly round the circle of hues: neighbouring classes differ. */
  private static final double GOLDEN_RATIO = 0.6180339887498949;

  private DetectionPainter() {}

  /**
   * Writes the drawn image.
   *
   * @param format {@code png} or {@code jpg}
   * @throws ImageException when there are no fonts to write labels with
   */
  static void write(ImageView image, List<Found> found, String format, OutputStream out)
      throws IOException {
    BufferedImage picture = Pictures.of(image);
    Graphics2D graphics = picture.createGraphics();
    try {
      graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
      graphics.setRenderingHint(
          RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
      graphics.setRenderingHint(
          RenderingHints.KEY_FRACTIONALMETRICS, RenderingHints.VALUE_FRACTIONALMETRICS_ON);
      draw(graphics, image.width(), image.height(), found);
    } catch (InternalError | NullPointerException e) {
      // What Java2D throws on a system without any font configuration.
      throw new ImageException(
          "drawing needs a font, and this system has none (Debian and Ubuntu: apt-get install fontconfig fonts-dejavu-core)",
          e);
    } finally {
      graphics.dispose();
    }
    Pictures.write(picture, format, out);
  }

  private static void draw(Graphics2D graphics, int width, int height, List<Found> found) {
    double side = Math.sqrt((double) width * height);
    float line = (float) Math.max(2, side / 250);
    float letters = (float) Math.max(11, side / 42);
    graphics.setFont(new Font(Font.SANS_SERIF, Font.BOLD, 1).deriveFont(letters));
    List<Found> order =
        found.stream().sorted((a, b) -> Float.compare(a.score(), b.score())).toList();
    for (Found each : order) {
      box(graphics, each, line, width, height);
    }
    List<Rectangle2D> taken = new ArrayList<>();
    // The most confident label chooses its place first, the drawing order is the other way round.
    for (Found each : order.reversed()) {
      taken.add(place(graphics, each, line, width, height, taken));
    }
    List<Rectangle2D> patches = taken.reversed();
    for (int i = 0; i < patches.size(); i++) {
      label(graphics, order.get(i), patches.get(i));
    }
  }

  /** The box within the image, or at its edge when it lies outside. */
  private static Rectangle2D clipped(Found found, float line, int width, int height) {
    double half = line / 2;
    double left = clamp(found.xMin(), half, width - half);
    double top = clamp(found.yMin(), half, height - half);
    double right = clamp(found.xMax(), half, width - half);
    double bottom = clamp(found.yMax(), half, height - half);
    return new Rectangle2D.Double(left, top, Math.max(0, right - left), Math.max(0, bottom - top));
  }

  private static double clamp(double value, double least, double most) {
    return Double.isNaN(value) ? least : Math.max(least, Math.min(Math.max(least, most), value));
  }

  /** A dark rim keeps the line visible on ground of its own colour. */
  private static void box(Graphics2D graphics, Found found, float line, int width, int height) {
    Rectangle2D box = clipped(found, line, width, height);
    graphics.setStroke(
        new BasicStroke(
            line + Math.max(1, line / 2), BasicStroke.CAP_SQUARE, BasicStroke.JOIN_MITER));
    graphics.setColor(new Color(0, 0, 0, 110));
    graphics.draw(box);
    graphics.setStroke(new BasicStroke(line, BasicStroke.CAP_SQUARE, BasicStroke.JOIN_MITER));
    graphics.setColor(colour(found.labelId()));
    graphics.draw(box);
  }

  private static String text(Found found) {
    return Terminal.printable(found.label()) + String.format(Locale.ROOT, " %.2f", found.score());
  }

  /** Above the box if there is room, else inside at its top; moved down past labels in the way. */
  private static Rectangle2D place(
      Graphics2D graphics,
      Found found,
      float line,
      int width,
      int height,
      List<Rectangle2D> taken) {
    FontMetrics metrics = graphics.getFontMetrics();
    double pad = metrics.getHeight() / 5.0;
    double patchWidth = metrics.getStringBounds(text(found), graphics).getWidth() + 2 * pad;
    double patchHeight = metrics.getAscent() + metrics.getDescent() + pad / 2;
    Rectangle2D box = clipped(found, line, width, height);
    double left = box.getX() - line / 2;
    double above = box.getY() - line / 2 - patchHeight;
    double inside = box.getY() - line / 2;
    double x = clamp(left, 0, width - patchWidth);
    double first = above >= 0 ? above : inside;
    Rectangle2D patch = new Rectangle2D.Double(x, 0, patchWidth, patchHeight);
    // At most a few rows further down, so that a label stays with its box.
    for (int row = 0; row < 6; row++) {
      double y = clamp(first + row * patchHeight, 0, height - patchHeight);
      patch.setRect(x, y, patchWidth, patchHeight);
      if (taken.stream().noneMatch(patch::intersects)) {
        return patch;
      }
    }
    patch.setRect(x, clamp(first, 0, height - patchHeight), patchWidth, patchHeight);
    return patch;
  }

  private static void label(Graphics2D graphics, Found found, Rectangle2D patch) {
    Color colour = colour(found.labelId());
    FontMetrics metrics = graphics.getFontMetrics();
    double corner = patch.getHeight() / 4;
    graphics.setColor(colour);
    graphics.fill(
        new RoundRectangle2D.Double(
            patch.getX(), patch.getY(), patch.getWidth(), patch.getHeight(), corner, corner));
    graphics.setColor(isLight(colour) ? Color.BLACK : Color.WHITE);
    graphics.drawString(
        text(found),
        (float) (patch.getX() + metrics.getHeight() / 5.0),
        (float)
            (patch.getY()
                + (patch.getHeight() - metrics.getAscent() - metrics.getDescent()) / 2
                + metrics.getAscent()));
  }

  /** Colours of the same strength, their hues as far apart as may be. */
  static Color colour(int label) {
    float hue = (float) (label * GOLDEN_RATIO % 1.0);
    boolean second = label / 8 % 2 == 1;
    return Color.getHSBColor(hue, second ? 0.65f : 0.85f, second ? 0.80f : 0.95f);
  }

  /** Whether black is easier to read on it than white: relative luminance, as for web pages. */
  static boolean isLight(Color colour) {
    double luminance =
        0.2126 * linear(colour.getRed())
            + 0.7152 * linear(colour.getGreen())
            + 0.0722 * linear(colour.getBlue());
    return (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05);
  }

  private static double linear(int channel) {
    double value = channel / 255.0;
    return value <= 0.04045 ? value / 12.92 : Math.pow((value + 0.055) / 1.055, 2.4);
  }
}
