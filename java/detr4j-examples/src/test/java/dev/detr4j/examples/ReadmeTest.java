package dev.detr4j.examples;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** What the Markdown files say about this repository is there: README's program, and every link. */
class ReadmeTest {
  private static final Path ROOT = Path.of("../..").toAbsolutePath().normalize();
  private static final Pattern LINK = Pattern.compile("\\]\\(([^)#]+)(#[^)]*)?\\)");
  private static final Pattern JAVA = Pattern.compile("```java\\n(.*?)```", Pattern.DOTALL);

  @Test
  void readmeShowsTheExample() throws IOException {
    Matcher block = JAVA.matcher(Files.readString(ROOT.resolve("README.md")));
    assertTrue(
        block.find() && !block.group(1).isBlank(), "README.md shows no program in a block of Java");
    String source = Files.readString(Path.of("src/main/java/dev/detr4j/examples/DetectPhoto.java"));
    assertTrue(
        withoutIndentation(source).contains(withoutIndentation(block.group(1))),
        "README.md shows other lines than DetectPhoto.java");
  }

  @TestFactory
  List<DynamicTest> linksLeadSomewhere() throws IOException {
    List<Path> pages = pages();
    assertFalse(pages.isEmpty());
    return pages.stream()
        .map(page -> dynamicTest(ROOT.relativize(page).toString(), () -> checkLinks(page)))
        .toList();
  }

  private static void checkLinks(Path page) throws IOException {
    List<String> dead = new ArrayList<>();
    Matcher link = LINK.matcher(Files.readString(page));
    while (link.find()) {
      String target = link.group(1);
      if (!target.contains("://") && !Files.exists(page.resolveSibling(target))) {
        dead.add(target);
      }
    }
    assertTrue(dead.isEmpty(), () -> ROOT.relativize(page) + " links to nothing: " + dead);
  }

  private static List<Path> pages() throws IOException {
    try (Stream<Path> files = Files.walk(ROOT)) {
      return files
          .filter(file -> file.toString().endsWith(".md"))
          .filter(file -> {
            String inside = ROOT.relativize(file).toString().replace('\\', '/');
            return !inside.matches("(.*/)?(target|\\.venv|node_modules|\\.git)/.*");
          })
          .toList();
    }
  }

  private static String withoutIndentation(String text) {
    return text.lines().map(String::strip).collect(Collectors.joining("\n"));
  }
}
