package dev.detr4j.backend.vector;

import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * The vectors of this JVM and the register tile that is made of them.
 *
 * <p>Constants, because C2 turns Vector API calls into instructions only when it knows the species
 * while compiling. {@link VectorWidth} decides the width before this class is initialised.
 */
final class Lanes {
  /** Bits of one vector: 128, 256 or 512. */
  static final int BITS = VectorWidth.fix(0, VectorKernels.widest());

  static final VectorSpecies<Float> FLOATS =
      VectorSpecies.of(float.class, VectorShape.forBitSize(BITS));

  static final VectorSpecies<Integer> INTS =
      VectorSpecies.of(int.class, VectorShape.forBitSize(BITS));

  /** Elements of one vector. */
  static final int COUNT = FLOATS.length();

  /** Bytes of one vector. */
  static final int BYTES = 4 * COUNT;

  /** Columns of a register tile and of a packed panel: two vectors. */
  static final int TILE_COLUMNS = 2 * COUNT;

  /** Bytes of one row of a panel. */
  static final int PANEL_BYTES = 4 * TILE_COLUMNS;

  /**
   * Rows of a register tile: 8 where there are 32 vector registers, 6 where there may be 16 only.
   * The C kernels use 12; here 8 is no slower, and a method with 12 is too large for C1 with
   * profiling (see {@link GemmTile}).
   */
  static final int TILE_ROWS =
      BITS == 512 || System.getProperty("os.arch", "").equals("aarch64") ? 8 : 6;

  /** 0, 1, 2, ... */
  static final IntVector IOTA = IntVector.zero(INTS).addIndex(1);

  private Lanes() {}
}
