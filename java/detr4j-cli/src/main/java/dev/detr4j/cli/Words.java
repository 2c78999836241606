package dev.detr4j.cli;

import dev.detr4j.train.head.HeadPolicy;
import dev.detr4j.train.recipe.Freezing;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Constants of several words, written with hyphens. Stateless. */
final class Words {
  private Words() {}

  private static <E extends Enum<E>> E constant(E[] constants, String text) {
    return Arrays.stream(constants)
        .filter(each -> word(each).equals(text.toLowerCase(Locale.ROOT)))
        .findFirst()
        .orElseThrow(() ->
            new TypeConversionException(
                "expected one of %s, but was '%s'"
                    .formatted(
                        Arrays.stream(constants).map(Words::word).collect(Collectors.joining(", ")),
                        text)));
  }

  private static String word(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** What does not learn. */
  static final class OfFreezing implements ITypeConverter<Freezing> {
    OfFreezing() {}

    @Override
    public Freezing convert(String value) {
      return constant(Freezing.values(), value);
    }
  }

  /** What becomes of class heads. */
  static final class OfHeadPolicy implements ITypeConverter<HeadPolicy> {
    OfHeadPolicy() {}

    @Override
    public HeadPolicy convert(String value) {
      return constant(HeadPolicy.values(), value);
    }
  }
}
