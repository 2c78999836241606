package dev.detr4j.backend.vector;

import jdk.incubator.vector.FloatVector;

/** The widest vectors of this processor and JVM; apart from {@link Lanes}, which fixes a width. */
final class WidestVectors {
  private WidestVectors() {}

  static int bits() {
    return FloatVector.SPECIES_PREFERRED.vectorBitSize();
  }
}
