package dev.detr4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/**
 * The list of settings, against the documentation, the help, and a JVM with settings of its own.
 */
class KnownSettingsTest {
  private static final Path DOCS = Path.of("../../docs");

  private static Set<String> names(String pattern, String... texts) {
    Set<String> names = new TreeSet<>();
    for (String text : texts) {
      Pattern.compile(pattern).matcher(text).results().forEach(found -> names.add(found.group(1)));
    }
    return names;
  }

  @Test
  void theDocumentationDescribesEachAndNoOther() throws IOException {
    String settings = Files.readString(DOCS.resolve("settings.md"));
    String launcher = Files.readString(DOCS.resolve("command-line.md"));
    assertEquals(
        new TreeSet<>(KnownSettings.PROPERTIES), names("`(detr4j(?:\\.[a-z]+)+)`", settings));
    assertEquals(
        new TreeSet<>(KnownSettings.VARIABLES),
        names("`(DETR4J_[A-Z_]+)(?:=\\w+)?`", settings, launcher));
  }

  @Test
  void theHelpMentionsNoOther() {
    List<String> help = new ArrayList<>();
    describe(Main.commandLine(), help);
    String[] texts = help.toArray(String[]::new);
    Set<String> variables = names("\\b(DETR4J_[A-Z_]+)", texts);
    assertTrue(variables.contains("DETR4J_HOME"), variables::toString);
    assertTrue(KnownSettings.VARIABLES.containsAll(variables), variables::toString);
    Set<String> properties = names("(?:-D| )(detr4j(?:\\.[a-z]+)+)", texts);
    assertTrue(properties.contains("detr4j.threads"), properties::toString);
    assertTrue(KnownSettings.PROPERTIES.containsAll(properties), properties::toString);
  }

  private static void describe(CommandLine command, List<String> help) {
    help.add(command.getUsageMessage());
    command.getSubcommands().values().forEach(each -> describe(each, help));
  }

  @Test
  void anUnknownNameGetsOneLine() {
    assertEquals(
        List.of(), KnownSettings.warnings(KnownSettings.PROPERTIES, KnownSettings.VARIABLES));
    assertEquals(
        List.of(
            "system property detr4j.colour is unknown and has no effect",
            "system property detr4j.vector-bits is unknown and has no effect"
                + " (did you mean detr4j.vector.bits?)",
            "environment variable DETR4J_THREAD is unknown and has no effect"
                + " (did you mean DETR4J_THREADS?)"),
        KnownSettings.warnings(
            List.of("detr4j.vector-bits", "java.home", "detr4j.colour", "detr4j.terminal"),
            List.of("DETR4J_THREAD", "PATH", "DETR4J_START")));
  }

  /** Once, however often the command has to be started. */
  @Test
  void theCommandLineSaysSo() throws Exception {
    assertEquals(
        List.of(
            "detr4j: system property detr4j.thread is unknown and has no effect"
                + " (did you mean detr4j.threads?)",
            "detr4j: environment variable DETR4J_BACKENDS is unknown and has no effect"
                + " (did you mean DETR4J_BACKEND?)"),
        errors(Map.of("DETR4J_BACKENDS", "c")));
    assertEquals(List.of(), errors(Map.of("DETR4J_BACKENDS", "c", "DETR4J_START", "vector")));
  }

  private static List<String> errors(Map<String, String> environment) throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("java.class.path"),
            "-Ddetr4j.thread=2",
            Main.class.getName(),
            "--version");
    builder
        .environment()
        .keySet()
        .removeIf(name -> name.contains("JAVA_") || name.startsWith("DETR4J_"));
    builder.environment().putAll(environment);
    Process process = builder.redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
    String text = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), text);
    return text.lines().toList();
  }
}
