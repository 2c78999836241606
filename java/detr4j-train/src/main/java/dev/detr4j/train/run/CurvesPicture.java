package dev.detr4j.train.run;

import dev.detr4j.train.TrainingException;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
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
    double mean = Double.NaN;
    for (TrainLog.Step step : log.steps()) {
      // The weight of a step falls to a half in 35 steps.
      mean = Double.isNaN(mean) ? step.loss() : 0.98 * mean + 0.02 * step.loss();
      each.add(new Point(step.step(), step.loss()));
      smooth.add(new Point(step.step(), mean));
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

  private static void panel(Graphics2D graphics, int left, String title, List<Curve> curves) {
    double right = greatest(curves, Point::x, 1);
    double high = greatest(curves, Point::y, 0.05);
    text(graphics, title, left, TOP - 40, Font.BOLD, 18, INK);
    for (int part = 0; part <= 5; part++) {
      double y = TOP + PLOT_HEIGHT * (1 - part / 5.0);
      double x = left + PLOT_WIDTH * part / 5.0;
      graphics.setStroke(new BasicStroke(1));
      graphics.setColor(part == 0 ? SOFT : GRID);
      graphics.draw(new Line2D.Double(left, y, left + PLOT_WIDTH, y));
      graphics.draw(new Line2D.Double(x, TOP, x, TOP + PLOT_HEIGHT));
      text(
          graphics,
          String.format(Locale.ROOT, "%.3g", high * part / 5),
          left - 64,
          (int) y + 5,
          Font.PLAIN,
          14,
          SOFT);
      text(
          graphics,
          String.format(Locale.ROOT, "%.0f", right * part / 5),
          (int) x - 12,
          TOP + PLOT_HEIGHT + 22,
          Font.PLAIN,
          14,
          SOFT);
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
