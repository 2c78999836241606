package dev.detr4j.bench.peer;

import static dev.detr4j.bench.Canvas.GRID;
import static dev.detr4j.bench.Canvas.INK;
import static dev.detr4j.bench.Canvas.PEER;
import static dev.detr4j.bench.Canvas.SOFT_INK;

import dev.detr4j.bench.Canvas;
import dev.detr4j.bench.peer.ComparisonReport.Group;
import dev.detr4j.bench.peer.ComparisonReport.Row;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.geom.Line2D;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.time.format.DateTimeFormatter;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * A comparison, drawn: for each number of threads a bar for each contender, as long as its median
 * time, with a whisker from its shortest time to its longest. Stateless.
 */
final class ComparisonPicture {

  /** Distinct for most kinds of colour vision (Okabe and Ito). */
  private static final List<Color> OURS =
      List.of(new Color(0x0072b2), new Color(0xe69f00), new Color(0x009e73));

  private static final int WIDTH = 1500;
  private static final int LEFT = 50;
  private static final int BARS_LEFT = 470;
  private static final int BARS = 640;
  private static final int TOP = 130;
  private static final int BAR = 30;
  private static final int BAR_STEP = 46;
  private static final int GROUP_HEAD = 54;
  private static final int GROUP_GAP = 26;
  private static final int FOOT = 96;

  private ComparisonPicture() {}

  /**
   * Draws.
   *
   * @throws dev.detr4j.error.Detr4jException when this system has no font
   */
  static BufferedImage draw(ComparisonReport report) {
    int bars = report.groups().stream().mapToInt(group -> group.rows().size()).sum();
    int height = TOP + bars * BAR_STEP + report.groups().size() * (GROUP_HEAD + GROUP_GAP) + FOOT;
    return Canvas.draw(WIDTH, height, canvas -> report(canvas, report, height));
  }

  private static void report(Canvas canvas, ComparisonReport report, int height) {
    String size = "%s, 1x3x%dx%d".formatted(report.model(), report.height(), report.width());
    canvas.text(size, LEFT, 48, Font.BOLD, 24, INK);
    String what =
        "Seconds from normalised pixels to logits and boxes: median, and from the shortest to the longest; x: so many times as long";
    canvas.text(what, LEFT, 80, Font.PLAIN, 17, SOFT_INK);
    Axis axis = Axis.upTo(longest(report));
    int y = TOP;
    for (Group group : report.groups()) {
      y = group(canvas, group, axis, y) + GROUP_GAP;
    }
    foot(canvas, report, height - FOOT + 34);
  }

  private static double longest(ComparisonReport report) {
    return report.groups().stream()
        .flatMap(group -> group.rows().stream())
        .mapToDouble(row -> row.timings().wall().max())
        .max()
        .orElse(1);
  }

  /** Seconds across, from nothing, in round steps. */
  private record Axis(double step, double end) {
    static Axis upTo(double seconds) {
      double power = Math.pow(10, Math.floor(Math.log10(seconds)));
      double step = power;
      for (double part : new double[] {0.5, 0.2, 0.1}) {
        if (seconds / step < 4) {
          step = part * power;
        }
      }
      return new Axis(step, seconds);
    }

    double x(double seconds) {
      return BARS_LEFT + BARS * seconds / end;
    }

    String label(double seconds) {
      int digits = Math.max(0, (int) -Math.floor(Math.log10(step) + 1e-9));
      return String.format(Locale.ROOT, "%." + digits + "f", seconds);
    }
  }

  /** Returns where it ended. */
  private static int group(Canvas canvas, Group group, Axis axis, int top) {
    canvas.text(group.title(), LEFT, top + 22, Font.BOLD, 19, INK);
    Graphics2D graphics = canvas.graphics();
    int first = top + GROUP_HEAD;
    int end = first + group.rows().size() * BAR_STEP;
    graphics.setStroke(new BasicStroke(1));
    for (int i = 0; i * axis.step() <= axis.end() * (1 + 1e-9); i++) {
      double x = axis.x(i * axis.step());
      graphics.setColor(GRID);
      graphics.draw(new Line2D.Double(x, first - 8, x, end - 8));
      canvas.text(axis.label(i * axis.step()), (int) x - 10, first - 16, Font.PLAIN, 14, SOFT_INK);
    }
    int ours = 0;
    int y = first;
    for (Row row : group.rows()) {
      Color colour = row.peer() != null ? PEER : OURS.get(ours++ % OURS.size());
      canvas.text(row.name(), LEFT, y + 21, row.peer() == null ? Font.BOLD : Font.PLAIN, 16, INK);
      bar(graphics, row, axis, colour, y);
      canvas.text(
          words(row, group),
          (int) axis.x(row.timings().wall().max()) + 14,
          y + 21,
          Font.PLAIN,
          15,
          INK);
      y += BAR_STEP;
    }
    return end;
  }

  private static void bar(Graphics2D graphics, Row row, Axis axis, Color colour, int y) {
    Timings.Series wall = row.timings().wall();
    graphics.setColor(colour);
    graphics.fill(new Rectangle2D.Double(BARS_LEFT, y, axis.x(wall.median()) - BARS_LEFT, BAR));
    graphics.setColor(INK);
    graphics.setStroke(new BasicStroke(1.6f));
    double middle = y + BAR / 2.0;
    graphics.draw(new Line2D.Double(axis.x(wall.min()), middle, axis.x(wall.max()), middle));
    for (double end : new double[] {wall.min(), wall.max()}) {
      graphics.draw(new Line2D.Double(axis.x(end), middle - 6, axis.x(end), middle + 6));
    }
  }

  /** The time, and for detr4j how many times as long each peer takes. */
  private static String words(Row row, Group group) {
    StringBuilder words = new StringBuilder(String.format(Locale.ROOT, "%.3f s", row.median()));
    if (row.peer() == null) {
      group.peers().stream()
          .sorted(Comparator.comparingDouble(Row::median))
          .forEach(peer ->
              words.append(
                  String.format(
                      Locale.ROOT,
                      "%s %s %.2fx",
                      words.indexOf(";") < 0 ? ";" : ",",
                      peer.peer() == null ? peer.name() : peer.peer().title(),
                      peer.median() / row.median())));
    }
    return words.toString();
  }

  private static void foot(Canvas canvas, ComparisonReport report, int y) {
    String place = report.place().machine() + "; JDK " + report.place().java();
    String how =
        "commit %s, %s; %s"
            .formatted(
                report.place().commit(),
                report
                    .taken()
                    .format(DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm 'UTC'", Locale.ROOT)),
                report.method());
    canvas.text(place, LEFT, y, Font.PLAIN, 14, SOFT_INK);
    canvas.text(how, LEFT, y + 24, Font.PLAIN, 14, SOFT_INK);
  }
}
