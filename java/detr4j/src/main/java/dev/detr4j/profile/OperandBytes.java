package dev.detr4j.profile;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.TensorView;
import java.util.List;

/** How many bytes the operands of a bound node have. */
public final class OperandBytes {
  private OperandBytes() {}

  /**
   * Every operand once: maps in the type that they lie in, the first weight in the type of products
   * and others in fp32.
   */
  public static long of(BoundNode node, ElementType products) {
    long bytes = maps(node.inputs()) + maps(node.outputs());
    for (int i = 0; i < node.weights().size(); i++) {
      ElementType type = i == 0 ? products : ElementType.F32;
      bytes += node.weight(i).shape().elements() * type.bytes();
    }
    return bytes;
  }

  private static long maps(List<TensorView> views) {
    long bytes = 0;
    for (TensorView view : views) {
      bytes += view.shape().elements() * view.type().bytes();
    }
    return bytes;
  }
}
