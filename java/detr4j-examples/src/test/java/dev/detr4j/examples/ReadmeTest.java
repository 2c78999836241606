package dev.detr4j.examples;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * What the documentation says about this repository is there: the programs of README and of the
 * package description, and every link. Its prose wraps.
 */
class ReadmeTest {
  private static final Path ROOT = Path.of("../..").toAbsolutePath().normalize();
  private static final Pattern LINK = Pattern.compile("\\]\\(([^)#]*)(#[^)]*)?\\)");
  private static final Pattern JAVA = Pattern.compile("```java\\n(.*?)```", Pattern.DOTALL);
  // A snippet ends at the first closing brace that is alone at the margin after another one.
  private static final Pattern SNIPPET =
      Pattern.compile("\\{@snippet lang ?= ?java ?:\\n(.*?\\n \\* })\\n \\* }\\n", Pattern.DOTALL);

  @Test
  void readmeShowsTheExample() throws IOException {
    Matcher block = JAVA.matcher(Files.readString(ROOT.resolve("README.md")));
    assertTrue(
        block.find() && !block.group(1).isBlank(), "README.md shows no program in a block of Java");
    assertShows("README.md", block.group(1), "DetectPhoto.java");
  }

  @Test
  void packageDescriptionShowsTheExamples() throws IOException {
    Matcher snippet =
        SNIPPET.matcher(
            Files.readString(
                ROOT.resolve("java/detr4j/src/main/java/dev/detr4j/package-info.java")));
    for (String example : List.of("DetectPhoto.java", "CountInParallel.java")) {
      assertTrue(snippet.find(), () -> "the package description has no snippet of " + example);
      String lines = snippet.group(1).replaceAll("(?m)^ \\*", "");
      assertShows("the package description", lines, example);
    }
    assertFalse(snippet.find(), "the package description has a snippet that no test runs");
  }

  @Test
  void theEmbeddingPageShowsTheExamples() throws IOException {
    Matcher block = JAVA.matcher(Files.readString(ROOT.resolve("docs/embedding.md")));
    for (Path example :
        List.of(
            Path.of("src/main/java/dev/detr4j/examples/CountInParallel.java"),
            Path.of("src/main/java/dev/detr4j/examples/DetectService.java"),
            Path.of(
                "../detr4j-spring-boot-starter/src/test/java/dev/detr4j/spring/DetectApplication.java"),
            Path.of("src/main/java/dev/detr4j/examples/CameraFrames.java"),
            Path.of("src/main/java/dev/detr4j/examples/DetectWithDeadline.java"))) {
      assertTrue(block.find(), () -> "docs/embedding.md does not show " + example);
      assertShows("docs/embedding.md", block.group(1), example);
    }
    assertFalse(block.find(), "docs/embedding.md has a program that no test runs");
  }

  @Test
  void theServingPageShowsTheExample() throws IOException {
    Matcher block = JAVA.matcher(Files.readString(ROOT.resolve("docs/serving.md")));
    assertTrue(block.find(), "docs/serving.md shows no program");
    assertShows("docs/serving.md", block.group(1), "MountEndpoint.java");
    assertFalse(block.find(), "docs/serving.md has a program that no test runs");
  }

  @Test
  void theTrainingPageShowsTheExample() throws IOException {
    Matcher block = JAVA.matcher(Files.readString(ROOT.resolve("docs/training.md")));
    assertTrue(block.find(), "docs/training.md shows no program");
    assertShows(
        "docs/training.md",
        block.group(1),
        Path.of("../detr4j-train/src/test/java/dev/detr4j/train/finetune/TrainOnPhotos.java"));
    assertFalse(block.find(), "docs/training.md has a program that no test runs");
  }

  private static void assertShows(String page, String lines, String example) throws IOException {
    assertShows(page, lines, Path.of("src/main/java/dev/detr4j/examples", example));
  }

  private static void assertShows(String page, String lines, Path example) throws IOException {
    String source = Files.readString(example);
    assertTrue(
        withoutIndentation(source).contains(withoutIndentation(lines)),
        () -> page + " shows other lines than " + example);
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
      String heading = link.group(2);
      Path file = target.isEmpty() ? page : page.resolveSibling(target);
      if (target.contains("://")) {
        continue;
      }
      boolean found = Files.exists(file) && (heading == null || headings(file).contains(heading));
      if (!found) {
        dead.add(link.group());
      }
    }
    assertTrue(dead.isEmpty(), () -> ROOT.relativize(page) + " links to nothing: " + dead);
  }

  /** The anchors that GitHub gives the headings of a page. */
  private static List<String> headings(Path page) throws IOException {
    return Files.readAllLines(page).stream()
        .filter(line -> line.matches("#+ .*"))
        .map(line -> line.replaceFirst("#+ ", "").toLowerCase(Locale.ROOT))
        .map(line -> "#" + line.replaceAll("[^\\w\\- ]", "").replace(' ', '-'))
        .toList();
  }

  /** Tables, links of one line and code may be longer; figures that were kept stay as they are. */
  @TestFactory
  List<DynamicTest> proseWrapsAt120() throws IOException {
    return pages().stream()
        .filter(page -> !page.startsWith(ROOT.resolve("bench/results")))
        .map(page -> dynamicTest(ROOT.relativize(page).toString(), () -> checkWidth(page)))
        .toList();
  }

  private static void checkWidth(Path page) throws IOException {
    boolean code = false;
    for (String line : Files.readAllLines(page)) {
      code ^= line.strip().startsWith("```");
      boolean wide = line.length() > 120 && line.strip().contains(" ");
      assertFalse(
          wide && !code && !line.startsWith("|") && !line.startsWith("!["),
          () -> ROOT.relativize(page) + " has a line of " + line.length() + ": " + line);
    }
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
