package dev.detr4j.bench.family;

import static dev.detr4j.bench.Canvas.GRID;
import static dev.detr4j.bench.Canvas.INK;
import static dev.detr4j.bench.Canvas.PEER;
import static dev.detr4j.bench.Canvas.SOFT_INK;

import dev.detr4j.bench.Canvas;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Line2D;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Published AP over milliseconds: for each model a filled point for detr4j, an open one for the
 * peer, and a line between them. The axis of times is logarithmic. Stateless.
 */
final class FamiliesPicture {
  private static final int WIDTH = 1500;
  private static final int HEIGHT = 860;
  private static final int LEFT = 110;
  private static final int RIGHT = 1440;
  private static final int TOP = 130;
  private static final int BOTTOM = 740;
  private static final int RADIUS = 8;
  private static final int LABEL = 15;
  private static final Color OURS = new Color(0x0072b2);

  /** Where lines across stand, in milliseconds. */
  private static final List<Integer> TIMES = List.of(50, 100, 200, 500, 1000, 2000, 5000, 10000);

  private FamiliesPicture() {}

  /**
   * A model of the chart.
   *
   * @param label what stands beside its points
   * @param ap in per cent
   * @param ours milliseconds of detr4j
   * @param peers milliseconds of the peer
   */
  record Point(String label, double ap, double ours, double peers) {}

  /**
   * Draws.
   *
   * @param backend of detr4j
   * @param foot where and how it was measured
   */
  static BufferedImage draw(List<Point> points, String backend, String peer, String foot) {
    return Canvas.draw(
        WIDTH, HEIGHT, canvas -> new Chart(canvas, points).draw(backend, peer, foot));
  }

  private static final class Chart {
    private final Canvas canvas;
    private final Graphics2D graphics;
    private final List<Point> points;
    private final double fastest;
    private final double slowest;
    private final double lowest;
    private final double highest;

    /** Where points, lines and labels are. */
    private final List<Rectangle2D> taken = new ArrayList<>();

    Chart(Canvas canvas, List<Point> points) {
      this.canvas = canvas;
      this.graphics = canvas.graphics();
      this.points = points;
      fastest = 0.8 * points.stream().mapToDouble(p -> Math.min(p.ours, p.peers)).min().orElse(1);
      slowest = 1.15 * points.stream().mapToDouble(p -> Math.max(p.ours, p.peers)).max().orElse(1);
      lowest = Math.floor(points.stream().mapToDouble(Point::ap).min().orElse(0) / 2) * 2;
      highest = Math.ceil(points.stream().mapToDouble(Point::ap).max().orElse(2) / 2) * 2;
    }

    void draw(String backend, String peer, String foot) {
      canvas.text("Accuracy over time on the CPU", LEFT - 60, 48, Font.BOLD, 24, INK);
      String what =
          "AP on COCO as each project published it, over the time of a call from pixels to boxes";
      canvas.text(what, LEFT - 60, 80, Font.PLAIN, 17, SOFT_INK);
      grid();
      for (Point point : points) {
        point(point);
      }
      for (Point point : points) {
        label(point);
      }
      legend(backend, peer);
      canvas.text(foot, LEFT - 60, HEIGHT - 34, Font.PLAIN, 14, SOFT_INK);
    }

    private double x(double milliseconds) {
      return LEFT + (RIGHT - LEFT) * Math.log(milliseconds / fastest) / Math.log(slowest / fastest);
    }

    private double y(double ap) {
      return BOTTOM - (BOTTOM - TOP) * (ap - lowest + 1) / (highest - lowest + 2);
    }

    private void grid() {
      graphics.setStroke(new BasicStroke(1));
      for (int time : TIMES) {
        if (time >= fastest && time <= slowest) {
          line(x(time), TOP, x(time), BOTTOM, GRID);
          canvas.text(time + " ms", x(time) - 24, BOTTOM + 26, Font.PLAIN, 15, SOFT_INK);
        }
      }
      for (double ap = lowest; ap <= highest; ap += 2) {
        line(LEFT, y(ap), RIGHT, y(ap), GRID);
        String label = String.format(Locale.ROOT, "%.0f", ap);
        canvas.text(label, LEFT - 34, y(ap) + 5, Font.PLAIN, 15, SOFT_INK);
      }
      canvas.text("AP", LEFT - 60, TOP + 5, Font.BOLD, 15, SOFT_INK);
    }

    private void point(Point point) {
      double y = y(point.ap);
      graphics.setStroke(new BasicStroke(2));
      line(x(point.ours), y, x(point.peers), y, PEER);
      circle(x(point.peers), y, Color.WHITE);
      graphics.setColor(SOFT_INK);
      graphics.draw(
          new Ellipse2D.Double(x(point.peers) - RADIUS, y - RADIUS, 2 * RADIUS, 2 * RADIUS));
      circle(x(point.ours), y, OURS);
      taken.add(around(x(point.ours), y));
      taken.add(around(x(point.peers), y));
      double left = x(Math.min(point.ours, point.peers));
      double right = x(Math.max(point.ours, point.peers));
      taken.add(new Rectangle2D.Double(left, y - 1, right - left, 2));
    }

    private static Rectangle2D around(double x, double y) {
      return new Rectangle2D.Double(x - RADIUS, y - RADIUS, 2 * RADIUS, 2 * RADIUS);
    }

    /**
     * At the first place about the point of detr4j that is free: above, below, left, farther off.
     */
    private void label(Point point) {
      double width = canvas.width(point.label, Font.BOLD, LABEL);
      double x = x(point.ours);
      double y = y(point.ap);
      double beside = Math.clamp(x - 12, LEFT + 4, RIGHT - width);
      List<Rectangle2D> places = new ArrayList<>();
      for (double away = 0; away < 80; away += LABEL + 4) {
        places.add(new Rectangle2D.Double(beside, y - 12 - away - LABEL, width, LABEL));
        places.add(new Rectangle2D.Double(beside, y + 12 + away, width, LABEL));
        places.add(new Rectangle2D.Double(x - 14 - width - away, y - LABEL / 2.0, width, LABEL));
      }
      Rectangle2D place =
          places.stream()
              .filter(free -> free.getX() > LEFT && taken.stream().noneMatch(free::intersects))
              .findFirst()
              .orElse(places.getFirst());
      taken.add(place);
      canvas.text(point.label, place.getX(), place.getMaxY() - 2, Font.BOLD, LABEL, INK);
    }

    private void legend(String backend, String peer) {
      double y = BOTTOM + 62;
      circle(LEFT + 10, y - 5, OURS);
      canvas.text(backend, LEFT + 28, y, Font.PLAIN, 16, INK);
      double next = LEFT + 60 + canvas.width(backend, Font.PLAIN, 16);
      graphics.setStroke(new BasicStroke(2));
      graphics.setColor(SOFT_INK);
      graphics.draw(
          new Ellipse2D.Double(next + 10 - RADIUS, y - 5 - RADIUS, 2 * RADIUS, 2 * RADIUS));
      canvas.text(peer, next + 28, y, Font.PLAIN, 16, INK);
    }

    private void circle(double x, double y, Color colour) {
      graphics.setColor(colour);
      graphics.fill(new Ellipse2D.Double(x - RADIUS, y - RADIUS, 2 * RADIUS, 2 * RADIUS));
    }

    private void line(double x, double y, double toX, double toY, Color colour) {
      graphics.setColor(colour);
      graphics.draw(new Line2D.Double(x, y, toX, toY));
    }
  }
}
