package dev.detr4j.backend.host;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.op.MsDeformAttention;

/**
 * When deformable attention lays its value out by heads first.
 *
 * <pre>
 *   [tokens][heads][headDim]  -&gt;  [heads][tokens][headDim]
 * </pre>
 *
 * Neighbouring cells of one head then follow each other, and use all sets of a cache in place of a
 * part of them.
 */
public final class HeadsFirst {
  /**
   * Reads of each token, on average, from which on laying the value out is worth its time: an
   * encoder has 64, a decoder about one.
   */
  private static final long FEWEST_READS = 8;

  private HeadsFirst() {}

  /** Whether it is worth its time for this node. */
  public static boolean pays(MsDeformAttention op, BoundNode node) {
    long reads = 4 * node.output(0).rows() * op.samples();
    return !op.sharedValue() && op.heads() > 1 && reads >= FEWEST_READS * node.input(0).rows();
  }
}
