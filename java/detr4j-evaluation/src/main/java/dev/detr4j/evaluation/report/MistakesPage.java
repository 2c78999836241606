package dev.detr4j.evaluation.report;

import dev.detr4j.evaluation.AnnotatedBox;
import dev.detr4j.evaluation.AnnotatedImage;
import dev.detr4j.evaluation.Annotations;
import dev.detr4j.evaluation.Box;
import dev.detr4j.evaluation.Category;
import dev.detr4j.evaluation.CocoId;
import dev.detr4j.evaluation.Mistakes;
import dev.detr4j.evaluation.ScoredBox;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import javax.imageio.stream.ImageOutputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * A page of the images with the worst mistakes: missed objects, wrong and right detections drawn on
 * small copies. One file without scripts or links, that loads nothing; text of the files is
 * escaped.
 */
public final class MistakesPage {
  private static final int LONGEST_SIDE = 720;

  /** Where the pixels of an image come from. */
  public interface Pictures {
    /** Returns the image, or null where it cannot be read. */
    @Nullable BufferedImage read(AnnotatedImage image);
  }

  /** What a box is; the names are those of the style sheet. */
  private enum Drawn {
    RIGHT,
    MISSED,
    WRONG;

    String style() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private final Map<CocoId, String> names = new HashMap<>();
  private final Mistakes mistakes;
  private final Writer out;

  private MistakesPage(Annotations annotations, Mistakes mistakes, Writer out) {
    for (Category category : annotations.categories()) {
      names.put(category.id(), category.name());
    }
    this.mistakes = mistakes;
    this.out = out;
  }

  /**
   * Writes the page and flushes; {@code out} stays open.
   *
   * @param title stands above, may be any text
   * @param most how many images to show
   */
  public static void write(
      String title,
      Annotations annotations,
      Mistakes mistakes,
      int most,
      Pictures pictures,
      Writer out)
      throws IOException {
    MistakesPage page = new MistakesPage(annotations, mistakes, out);
    List<Mistakes.OnImage> worst =
        mistakes.images().stream().filter(each -> each.cost() > 0).limit(most).toList();
    page.head(title, annotations, worst.size());
    for (Mistakes.OnImage each : worst) {
      page.card(each, pictures.read(each.image()));
    }
    out.write("</main>\n</body>\n</html>\n");
    out.flush();
  }

  private void head(String title, Annotations annotations, int shown) throws IOException {
    out.write(
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
        <title>%s: worst mistakes</title>
        <style>
        %s</style>
        </head>
        <body>
        """
            .formatted(escaped(title), style()));
    out.write("<header>\n<h1>" + escaped(title) + "</h1>\n");
    out.write(
        String.format(
            Locale.ROOT,
            "<p>At IoU 0.50 and scores of at least %.3f, where F1 is best: precision %.3f, recall %.3f.</p>\n",
            mistakes.best().score(),
            mistakes.best().precision(),
            mistakes.best().recall()));
    out.write("<table><tr><th>missed</th>");
    for (Mistakes.Kind kind : Mistakes.Kind.values()) {
      out.write("<th>" + kind.words() + "</th>");
    }
    out.write("</tr><tr><td>" + mistakes.missed() + "</td>");
    for (Mistakes.Kind kind : Mistakes.Kind.values()) {
      out.write("<td>" + mistakes.wrong(kind) + "</td>");
    }
    out.write("</tr></table>\n");
    out.write(
        String.format(
            Locale.ROOT,
            "<p>The worst %d of %d images. An image costs the score of each wrong detection, and 1 for each missed object, less the score of a weaker detection that would have found it.</p>\n",
            shown,
            annotations.images().size()));
    out.write("</header>\n");
    // Without scripts: the check boxes stand before what their state hides.
    toggle("missed", "missed objects");
    toggle("wrong", "wrong detections");
    toggle("right", "right detections");
    out.write("<main>\n");
  }

  private void toggle(String name, String words) throws IOException {
    out.write(
        "<input type=\"checkbox\" id=\"%1$s\" checked><label class=\"%1$s\" for=\"%1$s\">%2$s</label>\n"
            .formatted(name, words));
  }

  private void card(Mistakes.OnImage each, @Nullable BufferedImage picture) throws IOException {
    AnnotatedImage image = each.image();
    String name = image.fileName().isEmpty() ? "image " + image.id().text() : image.fileName();
    out.write("<figure>\n");
    int width = picture == null ? image.width() : picture.getWidth();
    int height = picture == null ? image.height() : picture.getHeight();
    // Of a picture that cannot be read, and nothing says how large it is.
    if (width < 1 || height < 1) {
      width = (int) farthest(each, box -> box.x() + box.width());
      height = (int) farthest(each, box -> box.y() + box.height());
    }
    out.write(
        String.format(
            Locale.ROOT, // digits as SVG has them
            "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n",
            width,
            height,
            escaped(name)));
    if (picture != null) {
      out.write(
          String.format(
              Locale.ROOT,
              "<image width=\"%d\" height=\"%d\" preserveAspectRatio=\"none\" href=\"data:image/jpeg;base64,%s\"/>\n",
              width,
              height,
              Base64.getEncoder().encodeToString(jpeg(picture))));
    }
    Labels labels = new Labels(Math.max(width, height) / 45.0, width, height);
    for (ScoredBox right : each.right()) {
      box(Drawn.RIGHT, right.box(), name(right.categoryId()) + score(right), labels);
    }
    for (AnnotatedBox missed : each.missed()) {
      box(Drawn.MISSED, missed.box(), "missed: " + name(missed.categoryId()), labels);
    }
    for (Mistakes.Wrong wrong : each.wrong().reversed()) {
      ScoredBox detection = wrong.detection();
      box(Drawn.WRONG, detection.box(), name(detection.categoryId()) + score(detection), labels);
    }
    out.write("</svg>\n<figcaption><b>" + escaped(name) + "</b>");
    out.write(String.format(Locale.ROOT, " <span>cost %.2f</span>\n<ul>\n", each.cost()));
    for (AnnotatedBox missed : each.missed()) {
      out.write(
          "<li class=\"missed\">missed: %s, %s</li>\n"
              .formatted(escaped(name(missed.categoryId())), size(missed.box())));
    }
    for (Mistakes.Wrong wrong : each.wrong()) {
      ScoredBox detection = wrong.detection();
      out.write(
          "<li class=\"wrong\">%s%s: %s, %s</li>\n"
              .formatted(
                  escaped(name(detection.categoryId())),
                  score(detection),
                  wrong.kind().words(),
                  size(detection.box())));
    }
    out.write("</ul></figcaption>\n</figure>\n");
  }

  /** How far the boxes of an image reach, at least 1 pixel. */
  private static double farthest(Mistakes.OnImage each, ToDoubleFunction<Box> end) {
    return Stream.of(
            each.right().stream().map(ScoredBox::box),
            each.missed().stream().map(AnnotatedBox::box),
            each.wrong().stream().map(wrong -> wrong.detection().box()))
        .flatMap(boxes -> boxes)
        .mapToDouble(end)
        .map(Math::ceil)
        .reduce(1, Math::max);
  }

  /**
   * Where labels go.
   *
   * @param letters their height
   * @param width of the picture, which cuts them off
   * @param height of the picture
   */
  private record Labels(double letters, int width, int height) {
    /** A letter is a little wider than half its height. */
    boolean leavesAtTheRight(Box box, String label) {
      return box.x() + 0.6 * letters * label.length() > width
          && box.x() > width - box.x() - box.width();
    }

    /** A missed object's at the foot: a wrong detection often lies on it, its own at the head. */
    double y(Drawn kind, Box box) {
      double y = kind == Drawn.MISSED ? box.y() + box.height() - letters / 3 : box.y() + letters;
      return Math.max(letters, Math.min(y, height - letters / 3));
    }
  }

  private void box(Drawn kind, Box box, String label, Labels labels) throws IOException {
    double letters = labels.letters();
    boolean ends = labels.leavesAtTheRight(box, label);
    out.write(
        String.format(
            Locale.ROOT,
            "<g class=\"%s\"><rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>"
                + "<text x=\"%.1f\" y=\"%.1f\"%s font-size=\"%.1f\">%s</text></g>\n",
            kind.style(),
            box.x(),
            box.y(),
            Math.max(0, box.width()), // SVG has no negative sizes, annotation files do
            Math.max(0, box.height()),
            ends ? box.x() + box.width() - letters / 4 : box.x() + letters / 4,
            labels.y(kind, box),
            ends ? " text-anchor=\"end\"" : "",
            letters,
            escaped(label)));
  }

  private String name(CocoId category) {
    return names.getOrDefault(category, "category " + category.text());
  }

  private static String score(ScoredBox detection) {
    return String.format(Locale.ROOT, " %.2f", detection.score());
  }

  private static String size(Box box) {
    return String.format(Locale.ROOT, "%.0f x %.0f pixels", box.width(), box.height());
  }

  private static byte[] jpeg(BufferedImage picture) throws IOException {
    BufferedImage small = picture;
    double scale = (double) LONGEST_SIDE / Math.max(picture.getWidth(), picture.getHeight());
    // Halves first: bilinear filtering looks at no more than four pixels.
    while (scale < 0.5) {
      small = scaled(small, 0.5);
      scale *= 2;
    }
    small = scaled(small, Math.min(1, scale));
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    // Without the temporary file that ImageIO takes otherwise.
    try (ImageOutputStream encoded = new MemoryCacheImageOutputStream(bytes)) {
      if (!ImageIO.write(small, "jpg", encoded)) {
        throw new IOException("this Java cannot write jpg");
      }
    }
    return bytes.toByteArray();
  }

  private static BufferedImage scaled(BufferedImage image, double scale) {
    int width = (int) Math.max(1, Math.round(image.getWidth() * scale));
    int height = (int) Math.max(1, Math.round(image.getHeight() * scale));
    BufferedImage target = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = target.createGraphics();
    graphics.setRenderingHint(
        RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR);
    graphics.drawImage(image, 0, 0, width, height, null);
    graphics.dispose();
    return target;
  }

  private static String escaped(String text) {
    StringBuilder safe = new StringBuilder(text.length());
    text.codePoints()
        .forEach(c -> {
          switch (c) {
            case '&' -> safe.append("&amp;");
            case '<' -> safe.append("&lt;");
            case '>' -> safe.append("&gt;");
            case '"' -> safe.append("&quot;");
            case '\'' -> safe.append("&#39;");
            default -> safe.appendCodePoint(Character.isISOControl(c) ? '?' : c);
          }
        });
    return safe.toString();
  }

  private static String style() throws IOException {
    try (InputStream in = MistakesPage.class.getResourceAsStream("mistakes.css")) {
      if (in == null) {
        throw new IOException("mistakes.css is missing from the detr4j-evaluation jar");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
