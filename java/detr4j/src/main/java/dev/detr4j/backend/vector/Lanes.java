package dev.detr4j.backend.vector;

import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * The vectors of this JVM.
 *
 * <p>Constants, because C2 turns Vector API calls into instructions only when it knows the species
 * while compiling. {@link VectorWidth} decides the width before this class is initialised.
 */
final class Lanes {
  /** Bits of one vector: 128, 256 or 512. */
  static final int BITS = VectorWidth.fix(0, WidestVectors.bits());

  static final VectorSpecies<Float> FLOATS =
      VectorSpecies.of(float.class, VectorShape.forBitSize(BITS));

  static final VectorSpecies<Integer> INTS =
      VectorSpecies.of(int.class, VectorShape.forBitSize(BITS));

  /** Elements of one vector. */
  static final int COUNT = FLOATS.length();

  /** Bytes of one vector. */
  static final int BYTES = 4 * COUNT;

  private Lanes() {}
}
