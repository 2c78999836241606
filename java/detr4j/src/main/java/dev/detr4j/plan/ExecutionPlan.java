package dev.detr4j.plan;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.Program;
import dev.detr4j.backend.Queue;
import dev.detr4j.tensor.Buffer;
import dev.detr4j.tensor.TensorView;
import java.util.List;
import java.util.Map;

/**
 * A {@link GraphPlan} bound to memory and a queue: fill the inputs, submit, read the outputs.
 *
 * <p>Inputs share memory with later values, so every call fills them whole; and other plans may use
 * the same slab, so outputs last until the next call of any of them. One thread at a time, as the
 * queue; submitting allocates nothing. Owns neither slab nor queue; the owner closes it before
 * them.
 */
public final class ExecutionPlan implements AutoCloseable {
  private final Queue queue;
  private final Program program;
  private final List<BoundNode> nodes;
  private final Map<String, TensorView> inputs;
  private final Map<String, TensorView> outputs;
  private final Buffer slab;

  ExecutionPlan(
      Queue queue,
      Program program,
      List<BoundNode> nodes,
      Map<String, TensorView> inputs,
      Map<String, TensorView> outputs,
      Buffer slab) {
    this.queue = queue;
    this.program = program;
    this.nodes = nodes;
    this.inputs = inputs;
    this.outputs = outputs;
    this.slab = slab;
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

  /** The memory that the plan is bound to. */
  public Buffer slab() {
    return slab;
  }

  /** Runs the model, in the order of the queue. */
  public void submit() {
    queue.submit(program);
  }

  /** Runs the model and adds the time of each node, in nanoseconds, to the entry of its index. */
  public void measure(long[] nanoseconds) {
    queue.measure(program, nanoseconds);
  }

  /** Kernels that a run starts on the device; 0 where nodes are no kernels of a device. */
  public long launches() {
    return program.launches();
  }

  @Override
  public void close() {
    program.close();
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
