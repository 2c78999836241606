package dev.detr4j.train.run;

import dev.detr4j.train.TrainingException;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Line2D;
import java.awt.geom.Path2D;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** Loss, learning rate and AP over the steps of a run, as one picture. Stateless. */
final class CurvesPicture {
  private static final int WIDTH = 1320;
  private static final int HEIGHT = 480;
  private static final int PLOT_WIDTH = 520;
  private static final int PLOT_HEIGHT = 340;
  private static final int TOP = 80;

  /** A curve of fewer points has a dot at each, so that one alone is seen. */
  private static final int MOST_DOTS = 20;

  private static final Color INK = new Color(0x20, 0x20, 0x28);
  private static final Color SOFT = new Color(0x70, 0x70, 0x78);
  private static final Color GRID = new Color(0xe4, 0xe4, 0xea);
  private static final List<Color> COLOURS =
      List.of(
          new Color(0x1f, 0x5f, 0xa8), new Color(0xd9, 0x6b, 0x0c), new Color(0x2b, 0x8a, 0x3e));

  private CurvesPicture() {}

  private record Point(double x, double y) {}

  private record Curve(String name, List<Point> points) {}

  static BufferedImage draw(TrainLog log) {
    BufferedImage picture = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = picture.createGraphics();
    try {
      graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
      graphics.setColor(Color.WHITE);
      graphics.fillRect(0, 0, WIDTH, HEIGHT);
      panel(graphics, 90, "Loss by step", loss(log));
      panel(graphics, 90 + PLOT_WIDTH + 130, "Validation by step", metrics(log));
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

  private static List<Curve> loss(TrainLog log) {
    List<Point> each = new ArrayList<>();
    List<Point> smooth = new ArrayList<>();
    double sum = 0;
    double weight = 0;
    for (TrainLog.Step step : log.steps()) {
      // The weight of a step falls to a half in 14 steps.
      sum = 0.95 * sum + step.loss();
      weight = 0.95 * weight + 1;
      each.add(new Point(step.step(), step.loss()));
      smooth.add(new Point(step.step(), sum / weight));
    }
    return List.of(new Curve("each step", each), new Curve("smoothed", smooth));
  }

  private static List<Curve> metrics(TrainLog log) {
    List<Curve> curves = new ArrayList<>();
    for (String name : List.of("AP", "AP50", "AP75")) {
      List<Point> points = new ArrayList<>();
      for (TrainLog.Evaluation each : log.evaluations()) {
        points.add(new Point(each.step(), Math.max(0, each.metrics().getOrDefault(name, 0.0))));
      }
      curves.add(new Curve(name, points));
    }
    return curves;
  }

  private static double greatest(List<Curve> curves, ToDoubleFunction<Point> part, double least) {
    return curves.stream()
        .flatMap(curve -> curve.points().stream())
        .mapToDouble(part)
        .reduce(least, Math::max);
  }

  /** The least of 1, 2, 2.5 and 5 times a power of ten of which five reach a value. */
  static double tick(double value) {
    double power = Math.pow(10, Math.floor(Math.log10(value / 5)));
    for (double factor : new double[] {1, 2, 2.5, 5}) {
      if (5 * factor * power >= value * (1 - 1e-9)) {
        return factor * power;
      }
    }
    return 10 * power;
  }

  private static String number(double value) {
    return value == Math.rint(value)
        ? String.format(Locale.ROOT, "%.0f", value)
        : String.format(Locale.ROOT, "%.3g", value).replaceAll("0+$", "");
  }

  private static void panel(Graphics2D graphics, int left, String title, List<Curve> curves) {
    double right = greatest(curves, Point::x, 1);
    double tickX = Math.max(1, tick(right));
    double tickY = tick(greatest(curves, Point::y, 0.05));
    double high = 5 * tickY;
    text(graphics, title, left, TOP - 40, Font.BOLD, 18, INK);
    graphics.setStroke(new BasicStroke(1));
    for (int part = 0; part <= 5; part++) {
      double y = TOP + PLOT_HEIGHT * (1 - part / 5.0);
      graphics.setColor(part == 0 ? SOFT : GRID);
      graphics.draw(new Line2D.Double(left, y, left + PLOT_WIDTH, y));
      text(graphics, number(part * tickY), left - 64, (int) y + 5, Font.PLAIN, 14, SOFT);
      if (part * tickX <= right) {
        double x = left + PLOT_WIDTH * part * tickX / right;
        graphics.setColor(part == 0 ? SOFT : GRID);
        graphics.draw(new Line2D.Double(x, TOP, x, TOP + PLOT_HEIGHT));
        text(
            graphics,
            number(part * tickX),
            (int) x - 12,
            TOP + PLOT_HEIGHT + 22,
            Font.PLAIN,
            14,
            SOFT);
      }
    }
    for (int i = 0; i < curves.size(); i++) {
      Color colour = COLOURS.get(i % COLOURS.size());
      boolean first = curves.size() == 2 && i == 0;
      graphics.setColor(
          first ? new Color(colour.getRed(), colour.getGreen(), colour.getBlue(), 90) : colour);
      graphics.setStroke(new BasicStroke(first ? 1f : 2.2f));
      Path2D path = new Path2D.Double();
      for (Point point : curves.get(i).points()) {
        double x = left + PLOT_WIDTH * point.x() / right;
        double y = TOP + PLOT_HEIGHT * (1 - point.y() / high);
        if (path.getCurrentPoint() == null) {
          path.moveTo(x, y);
        } else {
          path.lineTo(x, y);
        }
        if (curves.get(i).points().size() <= MOST_DOTS) {
          graphics.fill(new Ellipse2D.Double(x - 3, y - 3, 6, 6));
        }
      }
      graphics.draw(path);
      text(graphics, curves.get(i).name(), left + 110 * i, TOP - 16, Font.PLAIN, 14, colour);
    }
  }

  private static void text(
      Graphics2D graphics, String text, int x, int y, int style, int size, Color colour) {
    graphics.setFont(new Font(Font.SANS_SERIF, style, size));
    graphics.setColor(colour);
    graphics.drawString(text, x, y);
  }
}
