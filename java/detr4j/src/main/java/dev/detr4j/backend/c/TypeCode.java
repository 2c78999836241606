package dev.detr4j.backend.c;

import dev.detr4j.ffi.generated.Detr4jAbi;
import dev.detr4j.tensor.ElementType;

/** The number that the C library knows an element type by. */
final class TypeCode {
  private TypeCode() {}

  /**
   * The {@code DETR4J_TYPE_...} of an element type.
   *
   * @throws IllegalArgumentException when the library's parameters have no number for it
   */
  static int of(ElementType type) {
    return switch (type) {
      case F32 -> Detr4jAbi.DETR4J_TYPE_F32();
      case BF16 -> Detr4jAbi.DETR4J_TYPE_BF16();
      case I32, U8 ->
          throw new IllegalArgumentException("the C library has no maps or products of " + type);
    };
  }
}
