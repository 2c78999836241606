package dev.detr4j.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CountInParallelTest {
  @Test
  void countsOnEachPhoto(@TempDir Path folder) throws Exception {
    Path model = DetectPhotoTest.writeModel(folder);
    Path photo = DetectPhotoTest.writePhoto(folder);
    PrintStream before = System.out;
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
      CountInParallel.main(
          new String[] {model.toString(), photo.toString(), photo.toString(), photo.toString()});
    } finally {
      System.setOut(before);
    }
    List<String> lines = bytes.toString(StandardCharsets.UTF_8).lines().toList();
    assertEquals(3, lines.size(), lines::toString);
    assertTrue(lines.getFirst().matches(".*photo\\.png: [1-9]\\d* objects"), lines::getFirst);
    assertEquals(List.of(lines.getFirst(), lines.getFirst(), lines.getFirst()), lines);
  }
}
