package dev.detr4j.train.engine;

import dev.detr4j.backend.host.HostBackend;
import dev.detr4j.backend.host.HostBuffer;
import dev.detr4j.model.gradient.WeightRuleGradients;
import dev.detr4j.model.gradient.WeightSums;
import dev.detr4j.model.graph.DerivedWeight;
import dev.detr4j.tensor.Buffer;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.TensorView;
import dev.detr4j.tensor.Weight;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The memory of the parameters that learn: values, sums of gradients, both moments and perhaps a
 * moving average, each in one piece in which every parameter has its place. Beside them, sums of
 * gradients by weights that are derived from parameters, which become those of the parameters when
 * a step ends.
 */
public final class ParameterMemory implements WeightSums, AutoCloseable {
  private static final long ALIGNMENT = 64;

  private final HostBackend backend;
  private final Map<Weight, Long> places = new LinkedHashMap<>();
  private final List<HostBuffer> copies = new ArrayList<>();
  private final Map<DerivedWeight, HostBuffer> derived = new LinkedHashMap<>();
  private final Map<Weight, Boolean> reached = new LinkedHashMap<>();
  private final long bytes;
  private final boolean average;

  /**
   * Memory for parameters; they learn from now on.
   *
   * @param average whether there is a moving average
   */
  public ParameterMemory(HostBackend backend, List<Parameter> learning, boolean average) {
    this.backend = backend;
    this.average = average;
    long size = 0;
    for (Parameter parameter : learning) {
      places.put(parameter, size);
      size += (4 * parameter.shape().elements() + ALIGNMENT - 1) & -ALIGNMENT;
    }
    bytes = size;
    try {
      int count = average ? 5 : 4; // values, gradients, two moments, average
      for (int i = 0; i < count; i++) {
        copies.add((HostBuffer) backend.allocate(Math.max(size, ALIGNMENT)));
      }
      for (Parameter parameter : learning) {
        parameter.learn(of(0, parameter));
      }
      if (average) {
        averages().copyFrom(values());
      }
    } catch (Throwable e) {
      close();
      throw e;
    }
  }

  /** The part of a copy that belongs to a parameter. */
  private MemorySegment of(int copy, Parameter parameter) {
    Long at = places.get(parameter);
    if (at == null) {
      throw new IllegalArgumentException(parameter.name() + " does not learn");
    }
    return copies.get(copy).segment().asSlice(at, 4 * parameter.shape().elements());
  }

  MemorySegment values() {
    return copies.get(0).segment();
  }

  public MemorySegment gradients() {
    return copies.get(1).segment();
  }

  public MemorySegment firstMoments() {
    return copies.get(2).segment();
  }

  public MemorySegment secondMoments() {
    return copies.get(3).segment();
  }

  /** The moving average; the values where there is none. */
  MemorySegment averages() {
    return average ? copies.get(4).segment() : values();
  }

  boolean hasAverage() {
    return average;
  }

  /** Where a parameter begins in each copy, in bytes. */
  public long place(Parameter parameter) {
    return places.getOrDefault(parameter, -1L);
  }

  /** Bytes of all copies. */
  long bytes() {
    return bytes * copies.size();
  }

  /** Whether any node adds to the gradient of a parameter; if none does, it has none, not zero. */
  boolean isReached(Parameter parameter) {
    return reached.containsKey(parameter);
  }

  @Override
  public boolean learns(Weight weight) {
    return weight instanceof DerivedWeight of
        ? WeightRuleGradients.learningSources(of).stream().anyMatch(this::learns)
        : places.containsKey(weight);
  }

  @Override
  public TensorView sum(Weight weight, Shape as) {
    reach(weight);
    long rows = 1;
    for (int i = 1; i < as.rank() - 1; i++) {
      rows *= as.get(i);
    }
    boolean direct = !(weight instanceof DerivedWeight);
    Buffer buffer = direct ? copies.get(1) : sumOf((DerivedWeight) weight);
    long offset = direct ? places.getOrDefault(weight, 0L) : 0;
    return new TensorView(buffer, offset, ElementType.F32, as, as.last(), rows * as.last());
  }

  private void reach(Weight weight) {
    if (weight instanceof DerivedWeight of) {
      WeightRuleGradients.learningSources(of).stream().filter(this::learns).forEach(this::reach);
    } else {
      reached.put(weight, true);
    }
  }

  private HostBuffer sumOf(DerivedWeight weight) {
    return derived.computeIfAbsent(
        weight, key -> (HostBuffer) backend.allocate(Math.max(4 * key.shape().elements(), 64)));
  }

  /** Sets all sums to zero. */
  void clearSums() {
    copies.get(1).segment().fill((byte) 0);
    derived.values().forEach(sum -> sum.segment().fill((byte) 0));
  }

  /** Passes the sums of derived weights on to the parameters; then the gradients are complete. */
  void passOn() {
    derived.forEach(this::passOn);
  }

  private void passOn(DerivedWeight weight, HostBuffer sum) {
    if (weight.sources().stream().anyMatch(DerivedWeight.class::isInstance)) {
      passOnThrough(weight, sum);
    } else {
      WeightRuleGradients.pass(weight, sum.segment(), this::target);
    }
  }

  /** A rule on a rule: the sums in between live for a moment. */
  private void passOnThrough(DerivedWeight weight, HostBuffer sum) {
    Map<DerivedWeight, HostBuffer> between = new LinkedHashMap<>();
    try {
      WeightRuleGradients.pass(
          weight,
          sum.segment(),
          source ->
              source instanceof DerivedWeight of
                  ? between
                      .computeIfAbsent(
                          of, key -> (HostBuffer) backend.allocate(4 * key.shape().elements()))
                      .segment()
                  : target(source));
      between.forEach(this::passOn);
    } finally {
      between.values().forEach(Buffer::close);
    }
  }

  /** Where a rule adds: the gradient of a parameter. */
  private MemorySegment target(Weight source) {
    Long at = places.get(source);
    if (at == null) {
      // A frozen source beside one that learns.
      return MemorySegment.ofArray(new float[Math.toIntExact(source.shape().elements())]);
    }
    return copies.get(1).segment().asSlice(at, 4 * source.shape().elements());
  }

  @Override
  public void close() {
    copies.forEach(Buffer::close);
    derived.values().forEach(Buffer::close);
  }
}
