package dev.detr4j.bench.needs;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The table of docs/embedding.md counts the lines that the programs of this package have. */
class NeedsTest {
  private static final List<String> CLASSES =
      List.of("WithDetr4j", "WithSessions", "WithOnnxRuntime", "WithDjl");

  /** A method of a class, from its first line to its closing brace. */
  private static final Pattern METHOD =
      Pattern.compile("(?ms)^  static [^;{]*?\\b(\\w+)\\([^{]*\\{\\n(.*?)^  }\\n");

  @Test
  void theTableIsWhatTheProgramsHave() throws IOException {
    String page = Files.readString(Path.of("../docs/embedding.md"));
    List<String> rows = new ArrayList<>();
    rows.add(row("one photo, printed", "onePhoto"));
    rows.add(row("a request of a service, answered in JSON", "service"));
    rows.add(row("many photos at once", "batch"));
    rows.add(row("a camera frame in BGR", "cameraFrame"));
    rows.add(row("a deadline of 2 s", "deadline"));
    StringBuilder shared = new StringBuilder("| what these share |");
    for (String each : CLASSES) {
      shared.append(' ').append(shared(each)).append(" |");
    }
    rows.add(shared.toString());
    for (String row : rows) {
      assertTrue(page.contains(row + "\n"), "docs/embedding.md lacks this row, " + rows);
    }
  }

  private static String row(String need, String method) throws IOException {
    StringBuilder row = new StringBuilder("| " + need + " |");
    for (String each : CLASSES) {
      Matcher found = METHOD.matcher(source(each));
      int lines = -1;
      while (found.find()) {
        if (found.group(1).equals(method)) {
          lines = lines(found.group(2));
        }
      }
      assertTrue(lines > 0, each + " has no method " + method);
      row.append(' ').append(lines).append(" |");
    }
    return row.toString();
  }

  /** Lines below the methods of the needs, without those of braces alone. */
  private static int shared(String name) throws IOException {
    String source = source(name);
    Matcher found = METHOD.matcher(source);
    int end = 0;
    while (found.find()) {
      end = found.end();
    }
    return lines(source.substring(end));
  }

  private static int lines(String code) {
    return (int)
        code.lines()
            .map(String::strip)
            .filter(line -> !line.isEmpty() && !line.equals("}"))
            .filter(
                line -> !line.startsWith("//") && !line.startsWith("/*") && !line.startsWith("*"))
            .count();
  }

  private static String source(String name) throws IOException {
    return Files.readString(Path.of("src/main/java/dev/detr4j/bench/needs", name + ".java"));
  }
}
