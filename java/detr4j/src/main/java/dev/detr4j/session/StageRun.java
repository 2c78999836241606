package dev.detr4j.session;

import dev.detr4j.backend.Queue;
import dev.detr4j.image.ImageView;
import dev.detr4j.plan.ExecutionPlan;
import dev.detr4j.plan.GraphPlan;
import dev.detr4j.profile.StageValues;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;

/** Runs a network for one image with a plan and memory of its own, and reads stages of it. */
public final class StageRun {
  private StageRun() {}

  /** The stages, in the order of their names. */
  public static List<StageValues> of(SessionParts session, ImageView image, List<String> names) {
    SharedParts shared = session.shared();
    SharedPlans.Key key = SessionPlans.key(shared.preprocessing(), image);
    try (SessionMemory memory = new SessionMemory(shared.backend(), session.queue());
        GraphPlan plan = shared.plan(key, new LinkedHashSet<>(names), session.queue());
        PlannedBatch batch = new PlannedBatch(session.in(memory), key, plan, () -> {})) {
      ExecutionPlan bound = batch.bind();
      shared.packed().run();
      batch.load(0, image);
      bound.submit();
      return names.stream()
          .map(name -> download(name, bound.output(name), session.queue()))
          .toList();
    }
  }

  private static StageValues download(String name, TensorView view, Queue queue) {
    if (view.type() != ElementType.F32) {
      throw new IllegalArgumentException("stage " + name + " does not hold fp32 values");
    }
    int columns = view.columns();
    float[] values = new float[Math.toIntExact(view.rows() * columns)];
    try (Arena host = Arena.ofConfined()) {
      MemorySegment bytes = host.allocate(Math.max(4, view.spanBytes()), 64);
      queue.download(view.buffer(), view.offset(), bytes, 0, view.spanBytes());
      queue.synchronise();
      for (int row = 0; row < values.length / columns; row++) {
        MemorySegment.copy(
            bytes,
            ValueLayout.JAVA_FLOAT,
            Float.BYTES * view.rowStride() * row,
            values,
            row * columns,
            columns);
      }
    }
    int[] extents = view.shape().toArray();
    return new StageValues(name, Shape.of(Arrays.copyOfRange(extents, 1, extents.length)), values);
  }
}
