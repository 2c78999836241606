package dev.detr4j.train.augment;

import dev.detr4j.train.TrainingException;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.util.List;

/**
 * A batch as one picture: what the network is shown, with the boxes that it is told. The best check
 * of data that there is. Pictures stand in a grid, padded as the network gets them. Stateless.
 */
public final class BatchPicture {
  private static final double GOLDEN_RATIO = 0.6180339887498949;

  private BatchPicture() {}

  /**
   * Draws a batch.
   *
   * @param classes the names of the labels
   */
  public static BufferedImage draw(Batch batch, List<String> classes) {
    int columns = (int) Math.ceil(Math.sqrt(batch.size()));
    int rows = (batch.size() + columns - 1) / columns;
    int width = batch.canvas().width();
    int height = batch.canvas().height();
    BufferedImage picture =
        new BufferedImage(columns * width, rows * height, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = picture.createGraphics();
    try {
      graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
      for (int i = 0; i < batch.size(); i++) {
        int left = i % columns * width;
        int top = i / columns * height;
        Scene scene = batch.scenes().get(i);
        graphics.drawImage(RgbPicture.of(scene.pixels()), left, top, null);
        boxes(graphics, scene, left, top, classes);
      }
    } catch (InternalError | NullPointerException e) {
      // What Java2D throws on a system without any font configuration.
      throw new TrainingException(
          "drawing needs a font, and this system has none (Debian and Ubuntu: apt-get install fontconfig fonts-dejavu-core)",
          e);
    } finally {
      graphics.dispose();
    }
    return picture;
  }

  private static void boxes(
      Graphics2D graphics, Scene scene, int left, int top, List<String> classes) {
    double side = Math.sqrt((double) scene.width() * scene.height());
    float line = (float) Math.max(1.5, side / 300);
    graphics.setFont(
        new Font(Font.SANS_SERIF, Font.BOLD, 1).deriveFont((float) Math.max(10, side / 45)));
    FontMetrics metrics = graphics.getFontMetrics();
    for (int i = 0; i < scene.boxes().count(); i++) {
      int label = scene.boxes().label(i);
      Color colour = Color.getHSBColor((float) (label * GOLDEN_RATIO % 1.0), 0.85f, 0.95f);
      double x = left + scene.boxes().corner(i, 0);
      double y = top + scene.boxes().corner(i, 1);
      Rectangle2D box =
          new Rectangle2D.Double(
              x,
              y,
              scene.boxes().corner(i, 2) - scene.boxes().corner(i, 0),
              scene.boxes().corner(i, 3) - scene.boxes().corner(i, 1));
      graphics.setColor(new Color(0, 0, 0, 110));
      graphics.setStroke(new BasicStroke(2 * line));
      graphics.draw(box);
      graphics.setColor(colour);
      graphics.setStroke(new BasicStroke(line));
      graphics.draw(box);
      String text = classes.get(label);
      double lower = Math.max(y, top + metrics.getHeight());
      graphics.fill(
          new Rectangle2D.Double(
              x, lower - metrics.getHeight(), metrics.stringWidth(text) + 4, metrics.getHeight()));
      graphics.setColor(Color.BLACK);
      graphics.drawString(text, (float) x + 2, (float) (lower - metrics.getDescent()));
    }
  }
}
