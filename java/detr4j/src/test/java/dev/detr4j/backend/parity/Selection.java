package dev.detr4j.backend.parity;

import dev.detr4j.backend.BackendKind;
import dev.detr4j.op.OpSpec;
import dev.detr4j.op.SelectionOp;
import dev.detr4j.op.gradient.TrainingOp;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What the parity tests run: everything, unless the system properties {@value #OP}, {@value
 * #BACKEND} and {@value #TIER} name less.
 *
 * <p>Each property holds names, separated by commas, in any case. The tier {@link Variant#BEST} is
 * a backend as users get it. A name that matches nothing is an error with the names that would.
 *
 * @param operations the records, in the order of {@link OpSpec}
 * @param variants in the order of {@link Variant#all}
 * @param backends the backends that were named; empty when none was
 * @param tiers the tiers that were named; empty when none was
 */
record Selection(
    List<Class<?>> operations, List<Variant> variants, List<String> backends, List<String> tiers) {
  static final String OP = "detr4j.parity.op";
  static final String BACKEND = "detr4j.parity.backend";
  static final String TIER = "detr4j.parity.tier";

  /** Every record, in the order of {@link OpSpec}; those of selection and of training last. */
  static List<Class<?>> allOperations() {
    return Stream.of(OpSpec.class, SelectionOp.class, TrainingOp.class)
        .flatMap(kind -> Stream.of(kind.getPermittedSubclasses()))
        .filter(Class::isRecord)
        .<Class<?>>map(op -> op)
        .toList();
  }

  /**
   * Whether a backend has an operation at all: training runs on the processors, and what they do
   * after a call is an operation on devices. The reference has everything.
   */
  static boolean isOn(BackendKind backend, Class<?> op) {
    return switch (backend) {
      case AUTO, REFERENCE -> true;
      case C, VECTOR -> !SelectionOp.class.isAssignableFrom(op);
      case CUDA -> !TrainingOp.class.isAssignableFrom(op);
    };
  }

  /** What the properties of this JVM select. */
  static Selection ofProcess() {
    return of(System::getProperty);
  }

  /**
   * What these properties select.
   *
   * @param properties gives null or an empty text for a property that is not set
   * @throws IllegalArgumentException when a name matches nothing, or all of them together do
   */
  static Selection of(Function<String, @Nullable String> properties) {
    List<Class<?>> operations = allOperations();
    List<String> ops =
        named(properties, OP, operations.stream().map(Class::getSimpleName).toList());
    List<String> backends =
        named(properties, BACKEND, known(variant -> variant.kind().id(), List.of()));
    List<String> tiers = named(properties, TIER, known(Variant::tier, List.of()));
    List<Variant> variants =
        Variant.all().stream()
            .filter(variant -> backends.isEmpty() || backends.contains(variant.kind().id()))
            .filter(variant -> tiers.isEmpty() || tiers.contains(variant.tier()))
            .toList();
    if (variants.isEmpty()) {
      throw new IllegalArgumentException(
          String.format(
              "%s = %s and %s = %s select nothing: %s has the tiers %s",
              BACKEND,
              String.join(",", backends),
              TIER,
              String.join(",", tiers),
              String.join(",", backends),
              String.join(", ", known(Variant::tier, backends))));
    }
    return new Selection(
        operations.stream()
            .filter(op -> ops.isEmpty() || ops.contains(op.getSimpleName()))
            .toList(),
        variants,
        backends,
        tiers);
  }

  /** The property that asks for this very variant, or null when none does. */
  @Nullable String demands(Variant variant) {
    if (tiers.contains(variant.tier()) && variants.contains(variant)) {
      return TIER;
    }
    return variant.isBest() && backends.contains(variant.kind().id()) ? BACKEND : null;
  }

  private static List<String> known(Function<Variant, String> name, List<String> backends) {
    return Variant.all().stream()
        .filter(variant -> backends.isEmpty() || backends.contains(variant.kind().id()))
        .map(name)
        .distinct()
        .toList();
  }

  /** The known names that a property lists. */
  private static List<String> named(
      Function<String, @Nullable String> properties, String property, List<String> known) {
    String text = properties.apply(property);
    List<String> names = new ArrayList<>();
    if (text == null || text.isBlank()) {
      return names;
    }
    Stream.of(text.split(",", -1))
        .map(String::strip)
        .forEach(name ->
            names.add(
                known.stream()
                    .filter(name::equalsIgnoreCase)
                    .findFirst()
                    .orElseThrow(() ->
                        new IllegalArgumentException(
                            String.format(
                                "%s is %s; expected %s",
                                property, name, String.join(", ", known))))));
    return names;
  }
}
