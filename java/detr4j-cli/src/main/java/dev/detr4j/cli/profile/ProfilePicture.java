package dev.detr4j.cli.profile;

import dev.detr4j.error.ImageException;
import dev.detr4j.profile.StepTiming;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A profile, drawn: on the left the time of each stage, parted by kind of operation, and the
 * slowest steps; on the right every step against the machine's peaks, see {@link RooflinePlot}.
 * Stateless.
 */
public final class ProfilePicture {
  static final Color INK = new Color(0x1d232b);
  static final Color SOFT_INK = new Color(0x66707c);
  static final Color GRID = new Color(0xe3e7ec);
  static final Color REST = new Color(0xb4bcc6);

  /** So many slowest steps are listed, with their numbers in the plot. */
  static final int NUMBERED = 8;

  private static final int WIDTH = 1800;
  private static final int HEIGHT = 960;
  private static final int LEFT = 60;
  private static final int NAMES = 160;
  private static final int BARS = 430;
  private static final int TOP = 170;
  private static final int BAR = 26;
  private static final int BAR_STEP = 40;
  private static final int PLOT_LEFT = 980;

  /** Distinct for most kinds of colour vision (Okabe and Ito). */
  private static final List<Color> COLOURS =
      List.of(
          new Color(0x0072b2),
          new Color(0xe69f00),
          new Color(0x009e73),
          new Color(0xd55e00),
          new Color(0xcc79a7),
          new Color(0x56b4e9));

  private ProfilePicture() {}

  /**
   * Draws.
   *
   * @throws ImageException when this system has no font
   */
  public static BufferedImage draw(Profile profile) {
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
      title(graphics, profile);
      Map<String, Color> colours = colours(profile);
      int below = stages(graphics, profile, colours);
      below = legend(graphics, profile, colours, below + 16);
      slowest(graphics, profile, colours, below + 34);
      new RooflinePlot(graphics, PLOT_LEFT, TOP - 10, WIDTH - PLOT_LEFT - 60, HEIGHT - TOP - 70)
          .draw(profile, colours);
    } catch (InternalError | NullPointerException e) {
      // What Java2D throws on a system without any font configuration.
      throw new ImageException(
          "drawing needs a font, and this system has none (Debian and Ubuntu: apt-get install fontconfig fonts-dejavu-core)",
          e);
    } finally {
      graphics.dispose();
    }
    return picture;
  }

  private static void title(Graphics2D graphics, Profile profile) {
    text(graphics, profile.model() + ", " + profile.networkInput(), LEFT, 48, Font.BOLD, 24, INK);
    String how =
        String.format(
            Locale.ROOT,
            "%s, %s on %s; %.1f ms a call, median of %d",
            profile.backend().kind().id(),
            profile.backend().instructionSet(),
            profile.backend().device(),
            1e3 * profile.callSeconds(),
            profile.rounds());
    text(graphics, how, LEFT, 80, Font.PLAIN, 17, SOFT_INK);
  }

  /** The kinds of operation that take most have colours of their own. */
  private static Map<String, Color> colours(Profile profile) {
    Map<String, Color> colours = new HashMap<>();
    List<ProfileRow> kinds = profile.operationRows();
    for (int i = 0; i < kinds.size(); i++) {
      colours.put(kinds.get(i).name(), i < COLOURS.size() ? COLOURS.get(i) : REST);
    }
    return colours;
  }

  /** Returns where it ended. */
  private static int stages(Graphics2D graphics, Profile profile, Map<String, Color> colours) {
    text(graphics, "Time of each stage", LEFT, TOP - 30, Font.BOLD, 18, INK);
    double longest = profile.stageRows().stream().mapToDouble(ProfileRow::seconds).max().orElse(1);
    double total = profile.all().seconds();
    int y = TOP;
    for (Map.Entry<Stage, List<StepTiming>> stage : profile.stages().entrySet()) {
      ProfileRow row = ProfileRow.of(stage.getKey().words(), stage.getValue(), profile.peaks());
      text(graphics, row.name(), LEFT, y + 18, Font.PLAIN, 16, INK);
      double x = LEFT + NAMES;
      double scale = BARS * row.seconds() / longest / sum(stage.getValue(), profile);
      Map<String, List<StepTiming>> kinds = Profile.grouped(stage.getValue(), Profile::kind);
      for (ProfileRow kind : profile.operationRows()) {
        List<StepTiming> steps = kinds.get(kind.name());
        if (steps != null) {
          double width = scale * sum(steps, profile);
          graphics.setColor(colours.getOrDefault(kind.name(), REST));
          graphics.fill(new Rectangle2D.Double(x, y, width, BAR));
          x += width;
        }
      }
      String value =
          String.format(
              Locale.ROOT,
              "%.1f ms, %.0f %%%s",
              1e3 * row.seconds(),
              100 * row.seconds() / total,
              profile.peaks() == null
                  ? ""
                  : String.format(Locale.ROOT, "; %.0f %% of peak", 100 * row.ofPeak()));
      text(graphics, value, (int) x + 10, y + 18, Font.PLAIN, 15, SOFT_INK);
      y += BAR_STEP;
    }
    return y;
  }

  private static double sum(List<StepTiming> steps, Profile profile) {
    return steps.stream().mapToDouble(step -> profile.row(step).seconds()).sum();
  }

  /** Returns where it ended. */
  private static int legend(
      Graphics2D graphics, Profile profile, Map<String, Color> colours, int top) {
    int x = LEFT + NAMES;
    int y = top;
    List<ProfileRow> kinds = profile.operationRows();
    int named = Math.min(kinds.size(), COLOURS.size());
    for (int i = 0; i <= named; i++) {
      if (i == named && kinds.size() == named) {
        break;
      }
      String name = i < named ? kinds.get(i).name() : "others";
      graphics.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, 15));
      int width = graphics.getFontMetrics().stringWidth(name) + 46;
      if (x + width > LEFT + NAMES + BARS + 150) {
        x = LEFT + NAMES;
        y += 26;
      }
      graphics.setColor(i < named ? colours.getOrDefault(name, REST) : REST);
      graphics.fill(new Rectangle2D.Double(x, y, 16, 16));
      text(graphics, name, x + 22, y + 14, Font.PLAIN, 15, INK);
      x += width;
    }
    return y + 26;
  }

  private static void slowest(
      Graphics2D graphics, Profile profile, Map<String, Color> colours, int top) {
    text(graphics, "The slowest steps", LEFT, top, Font.BOLD, 18, INK);
    double total = profile.all().seconds();
    List<StepTiming> steps = profile.bySlowness();
    int y = top + 34;
    for (int i = 0; i < Math.min(NUMBERED, steps.size()); i++) {
      StepTiming step = steps.get(i);
      ProfileRow row = profile.row(step);
      graphics.setColor(colours.getOrDefault(Profile.kind(step), REST));
      graphics.fillOval(LEFT, y - 17, 22, 22);
      centred(graphics, Integer.toString(i + 1), LEFT + 11, y, Color.WHITE);
      text(graphics, row.name(), LEFT + 34, y, Font.PLAIN, 15, INK);
      String value =
          String.format(
              Locale.ROOT,
              "%.2f ms, %.1f %%; %.0f GFLOP/s, %.1f GB/s",
              1e3 * row.seconds(),
              100 * row.seconds() / total,
              row.flopsPerSecond() / 1e9,
              row.bytesPerSecond() / 1e9);
      text(graphics, value, LEFT + 400, y, Font.PLAIN, 15, SOFT_INK);
      y += 30;
    }
  }

  static void centred(Graphics2D graphics, String text, double x, double y, Color colour) {
    graphics.setFont(new Font(Font.SANS_SERIF, Font.BOLD, 13));
    int width = graphics.getFontMetrics().stringWidth(text);
    graphics.setColor(colour);
    graphics.drawString(text, (float) (x - width / 2.0), (float) y - 1);
  }

  static void text(
      Graphics2D graphics, String text, int x, int y, int style, int size, Color colour) {
    graphics.setFont(new Font(Font.SANS_SERIF, style, size));
    graphics.setColor(colour);
    graphics.drawString(text, x, y);
  }

  static BasicStroke dashed(float width) {
    return new BasicStroke(
        width, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 1, new float[] {6, 5}, 0);
  }
}
