package dev.detr4j.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.Box;
import dev.detr4j.checkpoint.StoredType;
import dev.detr4j.parity.FormulaCheckpoint;
import dev.detr4j.parity.FormulaCheckpointWriter;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.apache.pdfbox.Loader;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.pdmodel.PDPage;
import org.apache.pdfbox.pdmodel.PDPageContentStream;
import org.apache.pdfbox.pdmodel.common.PDRectangle;
import org.apache.pdfbox.pdmodel.font.PDType1Font;
import org.apache.pdfbox.pdmodel.font.Standard14Fonts;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The whole way from a PDF to drawn pages, with Table Transformer in its real size. Its weights
 * come from a formula, since the published ones are not part of the project: what it finds means
 * nothing, and only how it is reported is tested.
 */
class FindOnPagesTest {
  private static final Path CASE =
      Path.of("../../weights/golden/models/hf_table_transformer_detection");

  private static final PDType1Font HELVETICA = new PDType1Font(Standard14Fonts.FontName.HELVETICA);

  @TempDir Path folder;

  /** Two pages of A4 with a heading and a table of three rows. */
  private Path pdf() throws IOException {
    Path file = folder.resolve("report.pdf");
    try (PDDocument document = new PDDocument()) {
      for (int p = 0; p < 2; p++) {
        PDPage page = new PDPage(PDRectangle.A4);
        document.addPage(page);
        try (PDPageContentStream content = new PDPageContentStream(document, page)) {
          write(content, 72, 770, "Harvest of year " + (2024 + p));
          for (int row = 0; row < 3; row++) {
            int y = 700 - 24 * row;
            content.addRect(72, y - 8, 300, 24);
            content.stroke();
            write(content, 80, y, List.of("Fruit", "Apples", "Pears").get(row));
            write(content, 240, y, List.of("Tons", "12", "7").get(row));
          }
        }
      }
      document.save(file.toFile());
    }
    return file;
  }

  private static void write(PDPageContentStream content, float x, float y, String text)
      throws IOException {
    content.beginText();
    content.setFont(HELVETICA, 12);
    content.newLineAtOffset(x, y);
    content.showText(text);
    content.endText();
  }

  @Test
  void aBoxHasItsText() throws IOException {
    try (PDDocument document = Loader.loadPDF(pdf().toFile())) {
      PDPage page = document.getPage(1);
      float top = PDRectangle.A4.getHeight();
      // The table in pixels from the upper left corner.
      Box table = new Box(2 * 72, 2 * (top - 720), 2 * 372, 2 * (top - 640));
      assertEquals("Fruit Tons Apples 12 Pears 7", FindOnPages.text(page, table));
      assertEquals(
          "Harvest of year 2025", FindOnPages.text(page, new Box(0, 0, 1190, 2 * (top - 760))));
      assertEquals("", FindOnPages.text(page, new Box(0, 1000, 1190, 1600)));
    }
  }

  @Test
  void pagesAreDrawnAndListed() throws IOException {
    Path model = Files.createDirectories(folder.resolve("model"));
    FormulaCheckpointWriter.write(
        FormulaCheckpoint.read(CASE.resolve("manifest.json")),
        model.resolve("model.safetensors"),
        StoredType.F32);
    for (String name : List.of("config.json", "preprocessor_config.json")) {
      Files.copy(CASE.resolve(name), model.resolve(name));
    }
    Path pages = folder.resolve("pages");
    PrintStream before = System.out;
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
      FindOnPages.main(new String[] {model.toString(), pdf().toString(), pages.toString()});
    } finally {
      System.setOut(before);
    }
    List<String> lines = bytes.toString(StandardCharsets.UTF_8).lines().toList();
    assertFalse(lines.isEmpty(), "nothing was found");
    assertTrue(
        lines.stream().allMatch(line -> line.matches("page [12]: .* \\d\\.\\d+ .*: .*")),
        lines::toString);
    for (int p = 1; p <= 2; p++) {
      BufferedImage picture = ImageIO.read(pages.resolve("page-" + p + ".png").toFile());
      assertEquals(1190, picture.getWidth(), 1);
      assertEquals(1684, picture.getHeight(), 1);
    }
  }
}
