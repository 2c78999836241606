package dev.detr4j.backend.cuda;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.OperandTypes;
import dev.detr4j.op.OpSpec;
import org.jspecify.annotations.Nullable;

/**
 * How one kind of operation runs on a device.
 *
 * @param <S> the operation
 */
interface CudaOp<S extends OpSpec> {
  /** Why this operation cannot be run with these parameters, or null when it can. */
  default @Nullable String refusal(S op) {
    return null;
  }

  /** The element types in which the kernel takes the operands. */
  default OperandTypes operandTypes(S op) {
    return OperandTypes.AS_IN_GRAPH;
  }

  /** What operations must have in common with this one to share launches, or null. */
  default @Nullable Object joint(S op) {
    return null;
  }

  /** Fills the parameters of a node, once for all runs. */
  CudaStep bind(S op, BoundNode node, CudaContext context);
}
