package dev.detr4j.evaluation.report;

import dev.detr4j.evaluation.Annotations;
import dev.detr4j.evaluation.BoxEvaluation;
import dev.detr4j.evaluation.Category;
import dev.detr4j.evaluation.EvaluationException;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.Line2D;
import java.awt.geom.Path2D;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Precision over recall, drawn: on the left the mean of all classes at each IoU threshold, on the
 * right each class at IoU 0.50. Stateless.
 */
public final class PrecisionRecallPicture {
  private static final int WIDTH = 1720;
  private static final int HEIGHT = 720;
  private static final int PLOT = 540;
  private static final int TOP = 100;
  private static final int LEFT = 80;
  private static final int PANEL = 840;
  private static final int LEGEND_ROW = 26;
  private static final int MOST_NAMED = 18;
  private static final int LONGEST_NAME = 14;

  private static final Color INK = new Color(0x1d232b);
  private static final Color SOFT_INK = new Color(0x66707c);
  private static final Color GRID = new Color(0xe3e7ec);
  private static final Color UNNAMED = new Color(0xc3cad3);

  /** Distinct for most kinds of colour vision (Okabe and Ito), repeated with other dashes. */
  private static final List<Color> COLOURS =
      List.of(
          new Color(0x0072b2),
          new Color(0xd55e00),
          new Color(0x009e73),
          new Color(0xcc79a7),
          new Color(0xe69f00),
          new Color(0x56b4e9),
          new Color(0x1d232b));

  private static final float[][] DASHES = {{}, {9, 5}, {2, 4}};

  /** A curve, and what the legend says of it: nothing for one of many. */
  private record Curve(
      double[] precisions, Color colour, float[] dash, @Nullable String name, double value) {}

  private PrecisionRecallPicture() {}

  /**
   * Draws.
   *
   * @param title stands above, may be any text
   * @throws EvaluationException when this system has no font
   */
  public static BufferedImage draw(
      String title, Annotations annotations, BoxEvaluation evaluation) {
    BufferedImage picture = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = picture.createGraphics();
    try {
      graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
      graphics.setRenderingHint(
          RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
      graphics.setRenderingHint(
          RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
      graphics.setColor(Color.WHITE);
      graphics.fillRect(0, 0, WIDTH, HEIGHT);
      text(graphics, shortened(title, 120), LEFT, 40, Font.BOLD, 22, INK);
      panel(graphics, LEFT, "Mean of all classes, by IoU", byThreshold(annotations, evaluation));
      panel(graphics, LEFT + PANEL, "Each class, at IoU 0.50", byClass(annotations, evaluation));
    } catch (InternalError | NullPointerException e) {
      // What Java2D throws on a system without any font configuration.
      throw new EvaluationException(
          "drawing needs a font, and this system has none (Debian and Ubuntu: apt-get install fontconfig fonts-dejavu-core)",
          e);
    } finally {
      graphics.dispose();
    }
    return picture;
  }

  private static List<Curve> byThreshold(Annotations annotations, BoxEvaluation evaluation) {
    List<Curve> curves = new ArrayList<>();
    for (int t = 0; t < BoxEvaluation.THRESHOLDS; t++) {
      double[] mean = new double[BoxEvaluation.RECALLS];
      int classes = 0;
      for (int c = 0; c < annotations.categories().size(); c++) {
        double[] precisions = evaluation.precisions(c, t);
        if (precisions.length > 0) {
          classes++;
          for (int r = 0; r < mean.length; r++) {
            mean[r] += precisions[r];
          }
        }
      }
      if (classes > 0) {
        int count = classes;
        float along = t / (BoxEvaluation.THRESHOLDS - 1f);
        // From a dark blue to a light orange: the order shows in grey too.
        Color colour = Color.getHSBColor(0.64f - 0.54f * along, 0.85f, 0.55f + 0.4f * along);
        String name = String.format(Locale.ROOT, "IoU %.2f", BoxEvaluation.threshold(t));
        curves.add(
            new Curve(
                Arrays.stream(mean).map(sum -> sum / count).toArray(),
                colour,
                DASHES[0],
                name,
                evaluation.averagePrecision(t)));
      }
    }
    return curves;
  }

  private static List<Curve> byClass(Annotations annotations, BoxEvaluation evaluation) {
    List<Integer> order = new ArrayList<>();
    for (int c = 0; c < annotations.categories().size(); c++) {
      if (evaluation.precisions(c, 0).length > 0) {
        order.add(c);
      }
    }
    order.sort(Comparator.comparingDouble((Integer c) -> evaluation.category(c).ap50()).reversed());
    List<Curve> curves = new ArrayList<>();
    int named = 0;
    for (int i = 0; i < order.size(); i++) {
      Category category = annotations.categories().get(order.get(i));
      // Of very many the best and the worst have names.
      boolean middle =
          order.size() > MOST_NAMED && i >= MOST_NAMED / 2 && i < order.size() - MOST_NAMED / 2;
      curves.add(
          new Curve(
              evaluation.precisions(order.get(i), 0),
              middle ? UNNAMED : COLOURS.get(named % COLOURS.size()),
              middle ? DASHES[0] : DASHES[named / COLOURS.size() % DASHES.length],
              middle ? null : category.name(),
              evaluation.category(order.get(i)).ap50()));
      named += middle ? 0 : 1;
    }
    return curves;
  }

  private static void panel(Graphics2D graphics, int left, String title, List<Curve> curves) {
    text(graphics, title, left, TOP - 20, Font.BOLD, 16, INK);
    axes(graphics, left);
    // The unnamed first, so that they lie below.
    for (Curve curve : curves) {
      if (curve.name() == null) {
        line(graphics, left, curve);
      }
    }
    for (Curve curve : curves.reversed()) {
      if (curve.name() != null) {
        line(graphics, left, curve);
      }
    }
    legend(graphics, left + PLOT + 24, curves);
    if (curves.isEmpty()) {
      text(graphics, "nothing is annotated", left + 20, TOP + 40, Font.PLAIN, 15, SOFT_INK);
    }
  }

  private static void axes(Graphics2D graphics, int left) {
    graphics.setStroke(new BasicStroke(1));
    for (int tenth = 0; tenth <= 10; tenth++) {
      double along = tenth / 10.0 * PLOT;
      graphics.setColor(tenth == 0 ? SOFT_INK : GRID);
      double x = left + along;
      double y = TOP + PLOT - along;
      graphics.draw(new Line2D.Double(x, TOP, x, TOP + PLOT));
      graphics.draw(new Line2D.Double(left, y, left + PLOT, y));
      if (tenth % 2 == 0) {
        String number = String.format(Locale.ROOT, "%.1f", tenth / 10.0);
        text(graphics, number, (int) x - 10, TOP + PLOT + 22, Font.PLAIN, 14, SOFT_INK);
        text(graphics, number, left - 32, (int) y + 5, Font.PLAIN, 14, SOFT_INK);
      }
    }
    text(graphics, "recall", left + PLOT - 42, TOP + PLOT + 46, Font.PLAIN, 15, INK);
    Graphics2D turned = (Graphics2D) graphics.create();
    turned.rotate(-Math.PI / 2, left - 46, TOP + 70);
    text(turned, "precision", left - 46, TOP + 70, Font.PLAIN, 15, INK);
    turned.dispose();
  }

  private static void line(Graphics2D graphics, int left, Curve curve) {
    Path2D path = new Path2D.Double();
    for (int r = 0; r < curve.precisions().length; r++) {
      double x = left + BoxEvaluation.recall(r) * PLOT;
      double y = TOP + (1 - curve.precisions()[r]) * PLOT;
      if (r == 0) {
        path.moveTo(x, y);
      } else {
        path.lineTo(x, y);
      }
    }
    graphics.setColor(curve.colour());
    graphics.setStroke(stroke(curve.name() == null ? 1f : 2.4f, curve.dash()));
    graphics.draw(path);
  }

  private static BasicStroke stroke(float width, float[] dash) {
    return dash.length == 0
        ? new BasicStroke(width, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND)
        : new BasicStroke(width, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 1, dash, 0);
  }

  private static void legend(Graphics2D graphics, int left, List<Curve> curves) {
    text(graphics, "average precision", left, TOP + 8, Font.PLAIN, 14, SOFT_INK);
    int y = TOP + 12 + LEGEND_ROW;
    int unnamed = (int) curves.stream().filter(curve -> curve.name() == null).count();
    boolean gap = false;
    int column = left + 34 + widest(graphics, curves) + 16;
    for (Curve curve : curves) {
      String name = curve.name();
      if (name == null) {
        if (!gap) {
          text(graphics, "… " + unnamed + " more", left + 34, y, Font.PLAIN, 14, SOFT_INK);
          y += LEGEND_ROW;
          gap = true;
        }
        continue;
      }
      graphics.setColor(curve.colour());
      graphics.setStroke(stroke(3, curve.dash()));
      graphics.draw(new Line2D.Double(left, y - 5, left + 26, y - 5));
      text(graphics, shortened(name, LONGEST_NAME), left + 34, y, Font.PLAIN, 14, INK);
      String value = String.format(Locale.ROOT, "%.3f", curve.value());
      text(graphics, value, column, y, Font.PLAIN, 14, SOFT_INK);
      y += LEGEND_ROW;
    }
  }

  private static int widest(Graphics2D graphics, List<Curve> curves) {
    graphics.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, 14));
    return curves.stream()
        .mapToInt(curve ->
            curve.name() == null
                ? 0
                : graphics.getFontMetrics().stringWidth(shortened(curve.name(), LONGEST_NAME)))
        .max()
        .orElse(0);
  }

  private static void text(
      Graphics2D graphics, String text, int x, int y, int style, int size, Color colour) {
    graphics.setFont(new Font(Font.SANS_SERIF, style, size));
    graphics.setColor(colour);
    graphics.drawString(text, x, y);
  }

  private static String shortened(String text, int longest) {
    String line =
        text.codePoints()
            .map(c -> Character.isISOControl(c) ? ' ' : c)
            .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
            .toString();
    return line.length() <= longest ? line : line.substring(0, longest - 1) + "…";
  }
}
