package dev.detr4j.backend.cuda;

import dev.detr4j.backend.NodeSharing;
import dev.detr4j.op.OpSpec;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What {@link Launches} may do with nodes, whatever their places.
 *
 * @param joint what operations must have in common to share launches, or null where one has its own
 */
record LaunchSharing(Function<OpSpec, @Nullable Object> joint) implements NodeSharing {
  @Override
  public boolean together(OpSpec op, OpSpec next) {
    return LinearNorm.exists(op, next) || BoxHead.exists(op, next);
  }

  @Override
  public int reach() {
    return Launches.REACH;
  }

  @Override
  public boolean beside(OpSpec op, OpSpec later) {
    Object common = joint.apply(op);
    return common != null && common.equals(joint.apply(later));
  }
}
