package dev.detr4j.cli;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The names of all settings: system properties that begin with {@code detr4j.} and environment
 * variables that begin with {@code DETR4J_}. Stateless.
 *
 * <p>{@code docs/settings.md} describes each of them, and those of the launcher are in {@code
 * docs/command-line.md}; a test compares both pages with these lists. A setting that nobody reads
 * would have no effect and no message, so the command line warns of it.
 */
final class KnownSettings {
  private static final String PROPERTY_PREFIX = "detr4j.";
  private static final String VARIABLE_PREFIX = "DETR4J_";

  /** The system properties that users set. */
  static final Set<String> PROPERTIES =
      with(
          ServeSettings.NAMES.stream().map(ServeSettings::property),
          "detr4j.backend",
          "detr4j.threads",
          "detr4j.isa",
          "detr4j.precision",
          "detr4j.vector.bits",
          "detr4j.native.path",
          "detr4j.native.cache",
          "detr4j.cuda",
          "detr4j.cuda.path",
          "detr4j.cuda.device",
          "detr4j.models.home",
          "detr4j.models.registry",
          "detr4j.hub.endpoint");

  /** The environment variables that users set, for Java and for the launcher. */
  static final Set<String> VARIABLES =
      with(
          ServeSettings.NAMES.stream().map(ServeSettings::variable),
          "DETR4J_BACKEND",
          "DETR4J_THREADS",
          "DETR4J_ISA",
          "DETR4J_PRECISION",
          "DETR4J_VECTOR_BITS",
          "DETR4J_NATIVE_PATH",
          "DETR4J_NATIVE_CACHE",
          "DETR4J_CUDA",
          "DETR4J_CUDA_PATH",
          "DETR4J_CUDA_DEVICE",
          "DETR4J_HOME",
          "DETR4J_REGISTRY",
          "DETR4J_JAVA_OPTIONS",
          "DETR4J_NATIVE",
          "DETR4J_AOT");

  /** What the launcher and Java tell each other. */
  private static final Set<String> INTERNAL =
      Set.of(
          "detr4j.home",
          "detr4j.terminal",
          "detr4j.terminal.out",
          "detr4j.launcher.vector",
          "detr4j.launcher.options",
          "DETR4J_START");

  private KnownSettings() {}

  private static Set<String> with(Stream<String> more, String... names) {
    return Stream.concat(Stream.of(names), more).collect(Collectors.toUnmodifiableSet());
  }

  /** One line for each setting of this process that is unknown. */
  static List<String> warnings() {
    return warnings(System.getProperties().stringPropertyNames(), System.getenv().keySet());
  }

  /** As above, of these system properties and environment variables. */
  static List<String> warnings(Collection<String> properties, Collection<String> variables) {
    List<String> lines = new ArrayList<>();
    unknown(lines, "system property", PROPERTY_PREFIX, properties, PROPERTIES);
    unknown(lines, "environment variable", VARIABLE_PREFIX, variables, VARIABLES);
    return lines;
  }

  private static void unknown(
      List<String> lines, String kind, String prefix, Collection<String> given, Set<String> known) {
    List<String> names = known.stream().map(name -> name.substring(prefix.length())).toList();
    for (String name : new TreeSet<>(given)) {
      if (name.startsWith(prefix) && !known.contains(name) && !INTERNAL.contains(name)) {
        String meant = Suggestion.among(name.substring(prefix.length()), names);
        lines.add(
            kind
                + " "
                + name
                + " is unknown and has no effect"
                + (meant == null ? "" : " (did you mean " + prefix + meant + "?)"));
      }
    }
  }
}
