package dev.detr4j.bench;

import dev.detr4j.bench.peer.ComparisonException;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.util.function.Consumer;

/** A white picture that one drawing fills, with the inks that the charts share. One thread. */
public final class Canvas {
  /** Of text and whiskers. */
  public static final Color INK = new Color(0x1d232b);

  /** Of remarks and axes. */
  public static final Color SOFT_INK = new Color(0x66707c);

  /** Of lines behind the figures. */
  public static final Color GRID = new Color(0xe3e7ec);

  /** Of what is not detr4j. */
  public static final Color PEER = new Color(0xb4bcc6);

  private final Graphics2D graphics;

  private Canvas(Graphics2D graphics) {
    this.graphics = graphics;
  }

  /**
   * Draws.
   *
   * @throws ComparisonException when this system has no font
   */
  public static BufferedImage draw(int width, int height, Consumer<Canvas> drawing) {
    BufferedImage picture = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = picture.createGraphics();
    try {
      graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
      graphics.setRenderingHint(
          RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
      graphics.setRenderingHint(
          RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
      graphics.setColor(Color.WHITE);
      graphics.fillRect(0, 0, width, height);
      drawing.accept(new Canvas(graphics));
    } catch (InternalError | NullPointerException e) {
      // What Java2D throws on a system without any font configuration.
      throw new ComparisonException(
          "drawing needs a font, and this system has none (Debian and Ubuntu: apt-get install fontconfig fonts-dejavu-core)",
          e);
    } finally {
      graphics.dispose();
    }
    return picture;
  }

  /** For lines and shapes. */
  public Graphics2D graphics() {
    return graphics;
  }

  /** Text whose baseline begins at a place, in a style of {@link Font}. */
  public void text(String text, double x, double y, int style, int size, Color colour) {
    graphics.setFont(new Font(Font.SANS_SERIF, style, size));
    graphics.setColor(colour);
    graphics.drawString(text, (float) x, (float) y);
  }

  /** How wide a text is. */
  public double width(String text, int style, int size) {
    return graphics
        .getFontMetrics(new Font(Font.SANS_SERIF, style, size))
        .getStringBounds(text, graphics)
        .getWidth();
  }
}
