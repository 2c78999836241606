package dev.detr4j.examples;

import dev.detr4j.Box;
import dev.detr4j.Detection;
import dev.detr4j.Detector;
import dev.detr4j.error.Detr4jException;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.apache.pdfbox.Loader;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.pdmodel.PDPage;
import org.apache.pdfbox.rendering.ImageType;
import org.apache.pdfbox.rendering.PDFRenderer;
import org.apache.pdfbox.text.PDFTextStripperByArea;

/**
 * Finds tables, headings and pictures on the pages of a PDF: {@code FindOnPages MODEL FILE.pdf
 * FOLDER}. The model is a folder or file of microsoft/table-transformer-detection,
 * docling-project/docling-layout-heron or another detector. PDFBox renders each page, and gives the
 * text that lies in each box. {@code FOLDER} receives a picture of each page with its boxes.
 */
public final class FindOnPages {
  /** A PDF measures in points; both kinds of models see pages reduced to about this size. */
  static final float PIXELS_PER_POINT = 2;

  private static final int SHOWN = 60;

  private FindOnPages() {}

  /** Finds and draws. An error is one line and exit code 1. */
  public static void main(String[] arguments) {
    if (arguments.length != 3) {
      System.err.println("usage: FindOnPages MODEL FILE.pdf FOLDER");
      System.exit(2);
    }
    Path folder = Path.of(arguments[2]);
    try (Detector detector = Detector.builder(Path.of(arguments[0])).build();
        PDDocument document = Loader.loadPDF(Path.of(arguments[1]).toFile())) {
      Files.createDirectories(folder);
      PDFRenderer renderer = new PDFRenderer(document);
      for (int i = 0; i < document.getNumberOfPages(); i++) {
        BufferedImage picture = renderer.renderImage(i, PIXELS_PER_POINT, ImageType.RGB);
        List<Detection> found = detector.detect(picture);
        for (Detection each : found) {
          System.out.printf(
              "page %d: %s: %s%n", i + 1, each, text(document.getPage(i), each.box()));
        }
        draw(picture, found);
        ImageIO.write(picture, "png", folder.resolve("page-" + (i + 1) + ".png").toFile());
      }
    } catch (Detr4jException | IOException e) {
      System.err.println(e.getMessage());
      System.exit(1);
    }
  }

  /**
   * The beginning of the text in a box.
   *
   * @param box in pixels of the rendered page
   */
  static String text(PDPage page, Box box) throws IOException {
    PDFTextStripperByArea stripper = new PDFTextStripperByArea();
    stripper.setSortByPosition(true);
    stripper.addRegion(
        "box",
        new Rectangle2D.Float(
            box.xMin() / PIXELS_PER_POINT,
            box.yMin() / PIXELS_PER_POINT,
            box.width() / PIXELS_PER_POINT,
            box.height() / PIXELS_PER_POINT));
    stripper.extractRegions(page);
    // Anybody can make a PDF: no control characters of it reach a terminal.
    String text = stripper.getTextForRegion("box").replaceAll("[\\s\\p{Cc}]+", " ").strip();
    return text.length() <= SHOWN ? text : text.substring(0, SHOWN) + " …";
  }

  private static void draw(BufferedImage picture, List<Detection> found) {
    Graphics2D graphics = picture.createGraphics();
    graphics.setStroke(new BasicStroke(3));
    graphics.setFont(new Font(Font.SANS_SERIF, Font.BOLD, 18));
    for (Detection each : found) {
      Box box = each.box();
      // Neighbouring labels are a golden section of the colour circle apart.
      graphics.setColor(Color.getHSBColor(each.labelId() * 0.618f, 0.9f, 0.75f));
      graphics.draw(new Rectangle2D.Float(box.xMin(), box.yMin(), box.width(), box.height()));
      graphics.drawString(
          "%s %.2f".formatted(each.label(), each.score()),
          Math.max(box.xMin() + 4, 4),
          Math.max(box.yMin() - 6, 18));
    }
    graphics.dispose();
  }
}
