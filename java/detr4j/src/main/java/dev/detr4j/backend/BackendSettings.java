package dev.detr4j.backend;

import dev.detr4j.error.BackendException;
import java.util.Locale;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Where the choices about a backend come from: explicit option, else system property, else
 * environment, else default.
 *
 * <table>
 *   <caption>Settings</caption>
 *   <tr><th>system property</th><th>environment</th><th>default</th></tr>
 *   <tr><td>{@code detr4j.backend}</td><td>{@code DETR4J_BACKEND}</td><td>auto</td></tr>
 *   <tr><td>{@code detr4j.threads}</td><td>{@code DETR4J_THREADS}</td><td>the available processors</td></tr>
 *   <tr><td>{@code detr4j.isa}</td><td>{@code DETR4J_ISA}</td><td>the best tier of the processor</td></tr>
 *   <tr><td>{@code detr4j.precision}</td><td>{@code DETR4J_PRECISION}</td><td>fp32</td></tr>
 *   <tr><td>{@code detr4j.vector.bits}</td><td>{@code DETR4J_VECTOR_BITS}</td><td>the widest vectors</td></tr>
 * </table>
 *
 * <p>An empty value counts as absent. The environment variable {@code DISABLE_CUSTOM_KERNELS=1},
 * the convention of one of the source projects, turns an automatic choice into {@code vector}; a
 * backend asked for by name, by whatever setting, wins over it.
 */
public final class BackendSettings {
  /** The environment variable that turns an automatic choice into vector. */
  public static final String DISABLE_CUSTOM_KERNELS = "DISABLE_CUSTOM_KERNELS";

  private final Function<String, @Nullable String> properties;
  private final Function<String, @Nullable String> environment;

  /** Reads from the given sources, which return null for what is absent. */
  public BackendSettings(
      Function<String, @Nullable String> properties,
      Function<String, @Nullable String> environment) {
    this.properties = properties;
    this.environment = environment;
  }

  /** The settings of this process. */
  public static BackendSettings ofProcess() {
    return new BackendSettings(System::getProperty, System::getenv);
  }

  /**
   * A backend that was asked for.
   *
   * @param source what asked for it, in words, as in {@code system property detr4j.backend}
   */
  public record Request(BackendKind kind, String source) {}

  /**
   * The backend that is asked for, {@link BackendKind#AUTO} if none is.
   *
   * @param option the explicit option, or null when there is none; an explicit AUTO is a choice and
   *     hides the settings below it
   * @throws BackendException when a setting names no backend
   */
  public Request backend(@Nullable BackendKind option) {
    Value value = option == null ? value("backend") : null;
    Request request;
    if (option != null) {
      request = new Request(option, "option");
    } else if (value != null) {
      try {
        request = new Request(BackendKind.of(value.text), value.source);
      } catch (BackendException e) {
        throw new BackendException(value.source + ": " + e.getMessage(), e);
      }
    } else {
      request = new Request(BackendKind.AUTO, "default");
    }
    if (request.kind == BackendKind.AUTO && "1".equals(environment.apply(DISABLE_CUSTOM_KERNELS))) {
      return new Request(BackendKind.VECTOR, "environment variable " + DISABLE_CUSTOM_KERNELS);
    }
    return request;
  }

  /**
   * The options of a backend; null stands for an option that was not given.
   *
   * @throws BackendException when a setting is not a number that makes sense
   */
  public BackendOptions options(
      @Nullable Integer threads,
      @Nullable String instructionSet,
      @Nullable Integer vectorBits,
      @Nullable Precision precision) {
    Value isa = value("isa");
    return new BackendOptions(
        threads != null
            ? threads
            : number("threads", 1, Runtime.getRuntime().availableProcessors()),
        instructionSet != null ? instructionSet : isa != null ? isa.text : null,
        vectorBits != null ? vectorBits : number("vector.bits", 0, 0),
        precision != null ? precision : precision(),
        false,
        "");
  }

  private Precision precision() {
    Value value = value("precision");
    if (value == null) {
      return Precision.FP32;
    }
    try {
      return Precision.of(value.text);
    } catch (BackendException e) {
      throw new BackendException(value.source + ": " + e.getMessage(), e);
    }
  }

  private int number(String name, int least, int absent) {
    Value value = value(name);
    if (value == null) {
      return absent;
    }
    try {
      int number = Integer.parseInt(value.text);
      if (number >= least) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Reported below, together with the numbers that are too small.
    }
    throw new BackendException(
        value.source + " is " + value.text + ", expected a whole number of at least " + least);
  }

  private record Value(String text, String source) {}

  private @Nullable Value value(String name) {
    String property = "detr4j." + name;
    String text = properties.apply(property);
    if (text != null && !text.isBlank()) {
      return new Value(text.strip(), "system property " + property);
    }
    String variable = property.replace('.', '_').toUpperCase(Locale.ROOT);
    text = environment.apply(variable);
    if (text != null && !text.isBlank()) {
      return new Value(text.strip(), "environment variable " + variable);
    }
    return null;
  }
}
