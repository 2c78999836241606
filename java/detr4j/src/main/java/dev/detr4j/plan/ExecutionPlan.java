package dev.detr4j.plan;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.Program;
import dev.detr4j.tensor.Buffer;
import dev.detr4j.tensor.TensorView;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A model for one input size, bound to memory: fill the inputs, run, read the outputs.
 *
 * <p>Inputs share memory with later values, so every call fills them whole. One thread at a time;
 * running allocates nothing. The owner closes it, before the backend.
 */
public final class ExecutionPlan implements AutoCloseable {
  private final Backend backend;
  private final Program program;
  private final List<BoundNode> nodes;
  private final Map<String, TensorView> inputs;
  private final Map<String, TensorView> outputs;
  private final List<Buffer> owned;

  ExecutionPlan(
      Backend backend,
      Program program,
      List<BoundNode> nodes,
      Map<String, TensorView> inputs,
      Map<String, TensorView> outputs,
      List<Buffer> owned) {
    this.backend = backend;
    this.program = program;
    this.nodes = nodes;
    this.inputs = inputs;
    this.outputs = outputs;
    this.owned = owned;
  }

  /** The backend that runs this plan. */
  public Backend backend() {
    return backend;
  }

  /** The bound nodes, in order: the subject of a profile. */
  public List<BoundNode> nodes() {
    return nodes;
  }

  /** Where an input goes. */
  public TensorView input(String name) {
    return named(inputs, name);
  }

  /** Where an output or a kept tap is found after a run. */
  public TensorView output(String name) {
    return named(outputs, name);
  }

  /** Bytes of device memory that the plan owns. */
  public long bytes() {
    return owned.stream().mapToLong(Buffer::byteSize).sum();
  }

  /** Runs the model. */
  public void run() {
    program.run();
  }

  /** Runs the model and adds the time of each node, in nanoseconds, to the entry of its index. */
  public void run(long @Nullable [] nanoseconds) {
    program.run(nanoseconds);
  }

  @Override
  public void close() {
    program.close();
    owned.forEach(Buffer::close);
  }

  private static TensorView named(Map<String, TensorView> views, String name) {
    TensorView view = views.get(name);
    if (view == null) {
      throw new IllegalArgumentException(
          "no tensor " + name + " in this plan; it has " + views.keySet());
    }
    return view;
  }
}
