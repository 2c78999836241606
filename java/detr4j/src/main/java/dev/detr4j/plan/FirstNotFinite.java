package dev.detr4j.plan;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.Program;
import dev.detr4j.backend.Queue;
import dev.detr4j.op.SelectionOp;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Finds the step of a plan that makes NaN or infinity of numbers.
 *
 * <p>For the rare call whose output is not finite: runs every step as a program of its own and
 * reads what it took and left, which allocates and takes many times as long as a call.
 */
public final class FirstNotFinite {
  private FirstNotFinite() {}

  /**
   * Runs the plan step by step.
   *
   * @param queue what the plan runs on
   * @param plan with its inputs filled; what a call left in its memory is lost
   * @return the label and operation of the first step whose inputs are finite and whose output is
   *     not, as in {@code encoder.0.attention (Attention)}; null when no step is so, because the
   *     plan's inputs are not finite or this run went well
   */
  public static @Nullable String find(Queue queue, ExecutionPlan plan) {
    for (BoundNode node : plan.nodes()) {
      if (node.op() instanceof SelectionOp) {
        return null; // it marks what is no detection by an infinite score
      }
      boolean numbers = areFinite(queue, node.inputs());
      try (Program step = queue.compile(List.of(node))) {
        queue.submit(step);
        queue.synchronise();
      }
      if (numbers && !areFinite(queue, node.outputs())) {
        return node.label() + " (" + node.op().getClass().getSimpleName() + ")";
      }
    }
    return null;
  }

  private static boolean areFinite(Queue queue, List<TensorView> views) {
    for (TensorView view : views) {
      boolean real = view.type() == ElementType.F32 || view.type() == ElementType.BF16;
      if (real && !isFinite(queue, view)) {
        return false;
      }
    }
    return true;
  }

  private static boolean isFinite(Queue queue, TensorView view) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = arena.allocate(Math.max(4, view.spanBytes()), 64);
      queue.download(view.buffer(), view.offset(), bytes, 0, view.spanBytes());
      queue.synchronise();
      int size = view.type().bytes();
      for (int item = 0; item < view.batch(); item++) {
        for (long r = 0; r < view.rows(); r++) {
          long start = size * (item * view.batchStride() + r * view.rowStride());
          for (int c = 0; c < view.columns(); c++) {
            if (!Float.isFinite(value(bytes, start + (long) size * c, size))) {
              return false;
            }
          }
        }
      }
      return true;
    }
  }

  /** An fp32, of which bf16 is the upper half. */
  private static float value(MemorySegment bytes, long at, int size) {
    return size == ElementType.BF16.bytes()
        ? Float.intBitsToFloat(bytes.get(ValueLayout.JAVA_SHORT_UNALIGNED, at) << 16)
        : bytes.get(ValueLayout.JAVA_FLOAT_UNALIGNED, at);
  }
}
