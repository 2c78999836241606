package dev.detr4j.backend.cuda;

import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Weight;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Weights of products as the kernels for tensor cores read them: {@code
 * [outChannels][inChannels][taps]} of a checkpoint becomes {@code [outChannels][taps][inChannels]},
 * each number rounded, and rows filled with zeros up to the next 16 bytes.
 *
 * @param channels extents of the weight
 * @param type of the numbers: bf16, or fp32 rounded to tf32
 */
record DepthPacking(ColumnPacking channels, ElementType type) {
  private static final int PIECE_BYTES = 16;
  private static final int QUIET = 0x40; // of a NaN's upper half

  static DepthPacking bf16(ColumnPacking channels) {
    return new DepthPacking(channels, ElementType.BF16);
  }

  static DepthPacking tf32(ColumnPacking channels) {
    return new DepthPacking(channels, ElementType.F32);
  }

  MemorySegment weight(CudaWeights weights, Weight weight) {
    int taps = channels.taps();
    int inChannels = channels.inChannels();
    long piece = PIECE_BYTES / type.bytes();
    long depth = Math.ceilDiv((long) taps * inChannels, piece) * piece;
    return weights.packed(
        weight,
        "depth/" + taps + "/" + type,
        channels.outChannels() * depth * type.bytes(),
        (values, packed) -> {
          for (int o = 0; o < channels.outChannels(); o++) {
            for (int c = 0; c < inChannels; c++) {
              for (int t = 0; t < taps; t++) {
                float value =
                    values.getAtIndex(
                        ValueLayout.JAVA_FLOAT, (o * (long) inChannels + c) * taps + t);
                put(packed, o * depth + (long) t * inChannels + c, value);
              }
            }
          }
        });
  }

  private void put(MemorySegment packed, long at, float value) {
    if (type == ElementType.BF16) {
      packed.setAtIndex(ValueLayout.JAVA_SHORT, at, bf16(value));
    } else {
      packed.setAtIndex(ValueLayout.JAVA_INT, at, tf32(value));
    }
  }

  /** The upper half, to nearest, ties to even; NaN stays NaN. */
  private static short bf16(float value) {
    int bits = Float.floatToRawIntBits(value);
    return Float.isNaN(value)
        ? (short) (bits >>> 16 | QUIET)
        : (short) ((bits + 0x7fff + (bits >>> 16 & 1)) >>> 16);
  }

  /** 11 significant bits, to nearest, ties away from zero; the bits below are zeros. */
  private static int tf32(float value) {
    int bits = Float.floatToRawIntBits(value);
    return Float.isFinite(value) ? bits + 0x1000 & 0xffffe000 : bits;
  }
}
