package dev.detr4j.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The programs of docs/spark.md are those of the tests, its queries run, and it lists every option.
 */
class DocumentationTest {
  private static final Path PAGE = Path.of("../../docs/spark.md");
  private static final Path SOURCES = Path.of("src/test/java/dev/detr4j/spark");

  @TempDir private Path folder;

  private static List<String> blocks(String language) throws IOException {
    return Pattern.compile("```" + language + "\\n(.*?)```", Pattern.DOTALL)
        .matcher(Files.readString(PAGE))
        .results()
        .map(found -> found.group(1))
        .toList();
  }

  @Test
  void theProgramsAreThoseOfTheTests() throws IOException {
    List<String> programs = blocks("java");
    List<String> examples = List.of("DetectFolder.java", "DetectArrivals.java");
    assertEquals(examples.size(), programs.size());
    for (int i = 0; i < examples.size(); i++) {
      String source = Files.readString(SOURCES.resolve(examples.get(i)));
      String example = examples.get(i);
      assertTrue(
          withoutIndentation(source).contains(withoutIndentation(programs.get(i))),
          () -> PAGE + " shows other lines than " + example);
    }
  }

  private static String withoutIndentation(String text) {
    return text.lines().map(String::strip).collect(Collectors.joining("\n"));
  }

  @Test
  void theQueriesRun() throws IOException {
    Path photos = folder.resolve("photos");
    Photos.write(photos, 4);
    try (SparkSession spark = LocalSpark.start(folder)) {
      for (String block : blocks("sql")) {
        List<Row> rows = List.of();
        for (String statement : block.split(";", -1)) {
          if (!statement.isBlank()) {
            rows = spark.sql(statement.replace("'photos/'", "'" + photos + "'")).collectAsList();
          }
        }
        assertFalse(rows.isEmpty(), block);
      }
    }
  }

  @Test
  void everyOptionIsListed() throws IOException {
    String all = DetectorOptionsTest.every().toString();
    List<String> listed =
        Pattern.compile("(?m)^\\| `(\\w+)` \\| ")
            .matcher(
                Files.readString(PAGE).split("## Options", 2)[1].split("System properties", 2)[0])
            .results()
            .map((MatchResult found) -> found.group(1))
            .sorted()
            .toList();
    assertEquals(
        listed,
        Pattern.compile("(\\w+)=").matcher(all).results().map(found -> found.group(1)).toList());
  }
}
