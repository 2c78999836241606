package dev.detr4j.train.engine;

import dev.detr4j.backend.Queue;
import dev.detr4j.backend.host.HostBuffer;
import dev.detr4j.model.gradient.TrainingGraph;
import dev.detr4j.model.graph.DetectionModel;
import dev.detr4j.plan.ExecutionPlan;
import dev.detr4j.plan.GraphPlan;
import dev.detr4j.tensor.Buffer;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Set;

/**
 * The plan of one input size, bound to the memory of its session: {@link #pixels} in, {@link
 * #forward}, {@link #output} read and {@link #gradient} written, {@link #backward}.
 *
 * <p>Steps of a session share memory, so what is read or written is of one image, between its
 * forward and backward part. One thread at a time.
 */
public final class PlannedStep {
  private final GraphPlan plan;
  private final List<ExecutionPlan> parts;
  private final Set<String> supervised;

  PlannedStep(
      GraphPlan plan, TrainingGraph graph, Queue queue, Buffer slab, Set<String> supervised) {
    this.plan = plan;
    this.supervised = supervised;
    parts = plan.bindParts(queue, slab, Set.of(graph.backward()));
  }

  /** The input: normalised pixels {@code [H, W, 3]}, fp32, zero where the image is padded. */
  public MemorySegment pixels() {
    return HostBuffer.segment(parts.getFirst().input(DetectionModel.PIXEL_VALUES));
  }

  /** Names of the outputs that have a {@link #gradient}. */
  public Set<String> supervised() {
    return supervised;
  }

  /** An output, row-major. */
  public MemorySegment output(String name) {
    return HostBuffer.segment(contiguous(name, parts.getFirst().output(name)));
  }

  /** The extents of an output, the batch of one first. */
  public Shape shape(String name) {
    return parts.getFirst().output(name).shape();
  }

  /** Where the gradient of the loss by an output goes. */
  public MemorySegment gradient(String name) {
    return HostBuffer.segment(parts.getFirst().input(TrainingGraph.gradientOf(name)));
  }

  private static TensorView contiguous(String name, TensorView view) {
    if (!view.isContiguous()) {
      throw new IllegalStateException(name + " has gaps");
    }
    return view;
  }

  /** Computes the outputs from the pixels. */
  public void forward() {
    parts.getFirst().submit();
  }

  /** Adds to the sums of the gradients by the weights. */
  public void backward() {
    parts.get(1).submit();
  }

  /** The parts, for a profile. */
  public List<ExecutionPlan> parts() {
    return parts;
  }

  void close() {
    parts.forEach(ExecutionPlan::close);
    plan.close();
  }
}
