package dev.detr4j.cli.profile;

import dev.detr4j.backend.PeakRates;
import dev.detr4j.profile.StepTiming;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Line2D;
import java.awt.geom.Path2D;
import java.awt.geom.Point2D;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Steps as circles over operations for each byte (across) and GFLOP/s (up), both logarithmic, below
 * the roof that memory and arithmetic make (Williams, Waterman and Patterson 2009). A circle's area
 * is its share of the time.
 */
final class RooflinePlot {
  private final Graphics2D graphics;
  private final int left;
  private final int top;
  private final int width;
  private final int height;

  private double fromX;
  private double toX;
  private double fromY;
  private double toY;

  /** A plot whose axes enclose this part of the picture; their numbers stand outside it. */
  RooflinePlot(Graphics2D graphics, int left, int top, int width, int height) {
    this.graphics = graphics;
    this.left = left;
    this.top = top;
    this.width = width;
    this.height = height;
  }

  void draw(Profile profile, Map<String, Color> colours) {
    List<StepTiming> steps =
        profile.bySlowness().stream().filter(step -> step.cost().flops() > 0).toList();
    range(profile, steps);
    ProfilePicture.text(
        graphics,
        profile.peaks() == null
            ? "Each step; the peaks were not measured"
            : "Each step against the measured peaks",
        left,
        top - 20,
        Font.BOLD,
        18,
        ProfilePicture.INK);
    axes();
    graphics.clipRect(left, top, width, height);
    if (profile.peaks() != null) {
      roof(profile.peaks());
    }
    circles(profile, steps, colours);
    graphics.setClip(null);
  }

  /** Around everything that is drawn, in halves of powers of ten. */
  private void range(Profile profile, List<StepTiming> steps) {
    double leastX = 1;
    double mostX = 100;
    double leastY = 1e9;
    double mostY = 1e10;
    for (StepTiming step : steps) {
      ProfileRow row = profile.row(step);
      leastX = Math.min(leastX, row.cost().intensity());
      mostX = Math.max(mostX, row.cost().intensity());
      leastY = Math.min(leastY, row.flopsPerSecond());
      mostY = Math.max(mostY, row.flopsPerSecond());
    }
    PeakRates peaks = profile.peaks();
    if (peaks != null) {
      mostY = Math.max(mostY, 1.2 * peaks.flops());
      mostX = Math.max(mostX, 1.2 * peaks.flops() / peaks.bytes());
    }
    fromX = Math.max(-2, Math.floor(2 * Math.log10(leastX)) / 2);
    toX = Math.ceil(2 * Math.log10(mostX)) / 2;
    // Four decades up: what is slower than that takes no time that matters.
    toY = Math.ceil(2 * Math.log10(mostY)) / 2;
    fromY = Math.max(toY - 4, Math.floor(2 * Math.log10(leastY)) / 2);
  }

  private double x(double intensity) {
    return left + width * (Math.log10(intensity) - fromX) / (toX - fromX);
  }

  private double y(double flopsPerSecond) {
    return top + height * (toY - Math.log10(flopsPerSecond)) / (toY - fromY);
  }

  private void axes() {
    graphics.setStroke(new BasicStroke(1));
    graphics.setColor(ProfilePicture.SOFT_INK);
    graphics.draw(new Line2D.Double(left, top, left, top + height));
    graphics.draw(new Line2D.Double(left, top + height, left + width, top + height));
    for (int decade = (int) Math.ceil(fromX); decade <= Math.floor(toX); decade++) {
      double x = x(Math.pow(10, decade));
      graphics.setColor(ProfilePicture.GRID);
      graphics.draw(new Line2D.Double(x, top, x, top + height));
      label(number(decade), (int) x - 12, top + height + 24);
    }
    for (int decade = (int) Math.ceil(fromY); decade <= Math.floor(toY); decade++) {
      double y = y(Math.pow(10, decade));
      graphics.setColor(ProfilePicture.GRID);
      graphics.draw(new Line2D.Double(left, y, left + width, y));
      label(number(decade - 9), left - 52, (int) y + 5);
    }
    ProfilePicture.text(
        graphics,
        "FLOP for each byte of inputs, weights and outputs",
        left + width - 390,
        top + height + 50,
        Font.PLAIN,
        16,
        ProfilePicture.INK);
    Graphics2D turned = (Graphics2D) graphics.create();
    turned.rotate(-Math.PI / 2, left - 62, top + 70);
    ProfilePicture.text(turned, "GFLOP/s", left - 62, top + 70, Font.PLAIN, 16, ProfilePicture.INK);
    turned.dispose();
  }

  private void label(String number, int x, int y) {
    ProfilePicture.text(graphics, number, x, y, Font.PLAIN, 14, ProfilePicture.SOFT_INK);
  }

  private static String number(int decade) {
    return decade < 0
        ? String.format(Locale.ROOT, "%." + -decade + "f", Math.pow(10, decade))
        : String.format(Locale.ROOT, "%,.0f", Math.pow(10, decade));
  }

  private void roof(PeakRates peaks) {
    double ridge = peaks.flops() / peaks.bytes();
    double from = Math.pow(10, fromX);
    Path2D path = new Path2D.Double();
    path.moveTo(x(from), y(from * peaks.bytes()));
    path.lineTo(x(ridge), y(peaks.flops()));
    path.lineTo(left + width, y(peaks.flops()));
    graphics.setColor(ProfilePicture.INK);
    graphics.setStroke(new BasicStroke(2));
    graphics.draw(path);
    graphics.setStroke(ProfilePicture.dashed(1));
    graphics.setColor(ProfilePicture.SOFT_INK);
    graphics.draw(new Line2D.Double(x(ridge), y(peaks.flops()), x(ridge), top + height));
    String arithmetic = String.format(Locale.ROOT, "%.0f GFLOP/s", peaks.flops() / 1e9);
    ProfilePicture.text(
        graphics,
        arithmetic,
        left + width - 130,
        (int) y(peaks.flops()) - 10,
        Font.PLAIN,
        16,
        ProfilePicture.INK);
    Graphics2D turned = (Graphics2D) graphics.create();
    double x = x(Math.sqrt(from * ridge));
    double y = y(Math.sqrt(from * ridge) * peaks.bytes());
    turned.rotate(Math.atan2(y(peaks.flops()) - y(from * peaks.bytes()), x(ridge) - x(from)), x, y);
    String memory = String.format(Locale.ROOT, "memory %.1f GB/s", peaks.bytes() / 1e9);
    ProfilePicture.text(
        turned, memory, (int) x - 60, (int) y - 10, Font.PLAIN, 16, ProfilePicture.INK);
    turned.dispose();
  }

  private void circles(Profile profile, List<StepTiming> steps, Map<String, Color> colours) {
    double longest =
        steps.stream().mapToDouble(step -> profile.row(step).seconds()).max().orElse(1);
    // The largest first, so that small ones lie on top.
    for (StepTiming step : steps) {
      ProfileRow row = profile.row(step);
      double radius = Math.max(3, 34 * Math.sqrt(row.seconds() / longest));
      double x = x(Math.max(row.cost().intensity(), Math.pow(10, fromX)));
      double y = y(Math.max(row.flopsPerSecond(), Math.pow(10, fromY)));
      Color colour = colours.getOrDefault(Profile.kind(step), ProfilePicture.REST);
      Ellipse2D circle = new Ellipse2D.Double(x - radius, y - radius, 2 * radius, 2 * radius);
      graphics.setColor(new Color(colour.getRed(), colour.getGreen(), colour.getBlue(), 110));
      graphics.fill(circle);
      graphics.setColor(colour);
      graphics.setStroke(new BasicStroke(1.2f));
      graphics.draw(circle);
    }
    numbers(profile);
  }

  /** The numbers of the slowest steps; those of circles at one place stand beside each other. */
  private void numbers(Profile profile) {
    List<StepTiming> slowest = profile.bySlowness();
    List<String> texts = new ArrayList<>();
    List<Point2D> places = new ArrayList<>();
    for (int i = 0; i < Math.min(ProfilePicture.NUMBERED, slowest.size()); i++) {
      ProfileRow row = profile.row(slowest.get(i));
      if (row.cost().flops() == 0) {
        continue;
      }
      String number = Integer.toString(i + 1);
      Point2D place = new Point2D.Double(x(row.cost().intensity()), y(row.flopsPerSecond()) + 6);
      int near = 0;
      while (near < places.size() && places.get(near).distance(place) > 16) {
        near++;
      }
      if (near < places.size()) {
        texts.set(near, texts.get(near) + " " + number);
      } else {
        texts.add(number);
        places.add(place);
      }
    }
    for (int i = 0; i < texts.size(); i++) {
      Point2D place = places.get(i);
      ProfilePicture.centred(
          graphics, texts.get(i), place.getX(), place.getY(), ProfilePicture.INK);
    }
  }
}
