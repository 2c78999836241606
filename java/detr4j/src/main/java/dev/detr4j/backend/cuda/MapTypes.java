package dev.detr4j.backend.cuda;

import dev.detr4j.backend.OperandTypes;
import dev.detr4j.ffi.generated.Detr4jCuda;
import dev.detr4j.tensor.ElementType;
import java.util.Collections;
import java.util.List;

/** Maps that are bf16 or fp32 in memory. */
final class MapTypes {
  private MapTypes() {}

  /**
   * What an operation takes whose first inputs and only output may be bf16.
   *
   * @param products what it multiplies in
   * @param inputs how many
   */
  static OperandTypes bf16(ElementType products, int inputs) {
    List<ElementType> map = List.of(ElementType.BF16, ElementType.F32);
    return new OperandTypes(products, Collections.nCopies(inputs, map), List.of(map));
  }

  /** The type in the library's words. */
  static int code(ElementType type) {
    return switch (type) {
      case F32 -> Detr4jCuda.DETR4J_CUDA_TYPE_F32();
      case BF16 -> Detr4jCuda.DETR4J_CUDA_TYPE_BF16();
      case I32, U8 -> throw new IllegalArgumentException("the CUDA library has no maps of " + type);
    };
  }
}
