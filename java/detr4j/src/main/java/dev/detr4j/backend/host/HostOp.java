package dev.detr4j.backend.host;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.OperandTypes;
import dev.detr4j.op.OpSpec;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How one backend runs one kind of operation: makes the kernels of a node.
 *
 * @param <S> the operation
 */
public interface HostOp<S extends OpSpec> {
  /** Why this operation cannot be run with these parameters, or null when it can. */
  default @Nullable String refusal(S op) {
    return null;
  }

  /** The element types in which the kernels take the operands. */
  default OperandTypes operandTypes(S op) {
    return OperandTypes.AS_IN_GRAPH;
  }

  /** Bytes that the phases of a node share while it runs; contents do not survive the node. */
  default long workspaceBytes(S op, BoundNode node, HostContext context) {
    return 0;
  }

  /**
   * Makes the kernels of a node, one for each phase; a phase ends before the next begins.
   *
   * @param workspace at least {@link #workspaceBytes} bytes, 64-byte aligned
   */
  List<HostKernel> bind(S op, BoundNode node, HostContext context, MemorySegment workspace);
}
