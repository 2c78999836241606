package dev.detr4j.parity;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.Queue;
import dev.detr4j.backend.host.HostBuffer;
import dev.detr4j.json.JsonObject;
import dev.detr4j.model.gradient.TrainingGraph;
import dev.detr4j.model.gradient.WeightRuleGradients;
import dev.detr4j.model.gradient.WeightSums;
import dev.detr4j.model.graph.DerivedWeight;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import dev.detr4j.plan.ExecutionPlan;
import dev.detr4j.plan.GraphPlan;
import dev.detr4j.plan.Planner;
import dev.detr4j.tensor.Buffer;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.TensorView;
import dev.detr4j.tensor.Weight;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * A stored case of one operation as a graph of one node (its index says what attributes, inputs and
 * gradients from above it has), and what a training graph makes of it.
 */
final class OperationCase implements WeightSums {
  private record Numbers(String name, Shape shape, float[] values) implements Weight {
    @Override
    public void read(MemorySegment destination) {
      MemorySegment.copy(values, 0, destination, ValueLayout.JAVA_FLOAT, 0, values.length);
    }
  }

  private final JsonObject entry;
  private final JsonObject inputs;
  private final long seed;
  private final Graph.Builder graph = Graph.Builder.ofTraining();
  private final Map<String, Weight> weights = new LinkedHashMap<>();
  private final Map<String, float[]> values = new LinkedHashMap<>();
  private final Map<Weight, HostBuffer> sums = new LinkedHashMap<>();
  private final Set<String> wanted = new TreeSet<>();
  private final Set<Weight> fixed = new HashSet<>();
  private final List<String> outputs = new ArrayList<>();
  private final Map<String, Map<Integer, Float>> changes = new LinkedHashMap<>();

  OperationCase(JsonObject entry) {
    this.entry = entry;
    inputs = entry.object("inputs");
    seed = entry.longInteger("seed");
  }

  /** Gives an element of an input another value, before the case runs. */
  OperationCase with(String input, int element, float value) {
    changes.computeIfAbsent(input, name -> new LinkedHashMap<>()).put(element, value);
    return this;
  }

  /** The numbers of an input or weight. */
  float[] given(String input) {
    float[] numbers = DescribedTensor.values(inputs.object(input), seed);
    changes.getOrDefault(input, Map.of()).forEach((element, value) -> numbers[element] = value);
    return numbers;
  }

  /** The sum of all outputs times what comes from above: the function whose gradients these are. */
  double loss(Map<String, float[]> found) {
    double sum = 0;
    List<JsonObject> upstream = entry.objects("upstream");
    for (int i = 0; i < outputs.size(); i++) {
      float[] above = DescribedTensor.values(upstream.get(i), seed);
      float[] output = found.getOrDefault(outputs.get(i), new float[0]);
      for (int k = 0; k < above.length; k++) {
        sum += (double) above[k] * output[k];
      }
    }
    return sum;
  }

  /** The root of the sum of the squares of those products: what roundings are measured by. */
  double norm(Map<String, float[]> found) {
    double sum = 0;
    List<JsonObject> upstream = entry.objects("upstream");
    for (int i = 0; i < outputs.size(); i++) {
      float[] above = DescribedTensor.values(upstream.get(i), seed);
      float[] output = found.getOrDefault(outputs.get(i), new float[0]);
      for (int k = 0; k < above.length; k++) {
        double product = (double) above[k] * output[k];
        sum += product * product;
      }
    }
    return Math.sqrt(sum);
  }

  /** Outputs by the name {@code output}, gradients by {@code gradient.} and the input's name. */
  Map<String, float[]> run(Backend backend) {
    List<Value> results = OperationNodes.add(this, entry, graph);
    List<JsonObject> upstream = entry.objects("upstream");
    for (int i = 0; i < results.size(); i++) {
      outputs.add(results.size() == 1 ? "output" : "output." + i);
      graph.output(outputs.get(i), results.get(i));
    }
    TrainingGraph step =
        TrainingGraph.of(graph.build(), Set.copyOf(outputs), this, wanted, node -> null);
    Map<String, float[]> found = new LinkedHashMap<>();
    // An embedding belongs to one image of a training graph: images come one after the other.
    boolean embedding = entry.string("op").equals(OperationNodes.EMBEDDING);
    int repetitions = embedding ? entry.object("attributes").integer("batch", 1, 9) : 1;
    try (Queue queue = backend.newQueue();
        GraphPlan plan = Planner.plan(step.graph(), backend, queue, Set.of());
        Buffer slab = backend.allocate(plan.slabBytes())) {
      List<ExecutionPlan> parts = plan.bindParts(queue, slab, Set.of(step.backward()));
      ExecutionPlan first = parts.getFirst();
      for (int item = 0; item < repetitions; item++) {
        values.forEach((name, given) -> write(first.input(name), given));
        if (parts.size() > 1) {
          first.submit();
        }
        for (int i = 0; i < outputs.size(); i++) {
          float[] whole = DescribedTensor.values(upstream.get(i), seed);
          int each = whole.length / repetitions;
          float[] out = read(first.output(outputs.get(i)));
          append(found, outputs.get(i), out);
          write(
              first.input(TrainingGraph.gradientOf(outputs.get(i))),
              Arrays.copyOfRange(whole, item * each, (item + 1) * each));
        }
        parts.getLast().submit();
      }
      wanted.forEach(name ->
          found.put("gradient." + name, read(first.output(TrainingGraph.gradientOf(name)))));
      parts.forEach(ExecutionPlan::close);
    }
    weights.forEach((name, weight) -> {
      if (!fixed.contains(weight)) {
        found.put("gradient." + name, gradient(weight));
      }
    });
    sums.values().forEach(HostBuffer::close);
    return found;
  }

  private static void append(Map<String, float[]> found, String name, float[] values) {
    float[] before = found.getOrDefault(name, new float[0]);
    float[] all = Arrays.copyOf(before, before.length + values.length);
    System.arraycopy(values, 0, all, before.length, values.length);
    found.put(name, all);
  }

  private float[] gradient(Weight weight) {
    for (Map.Entry<Weight, HostBuffer> sum : List.copyOf(sums.entrySet())) {
      if (sum.getKey() instanceof DerivedWeight derived) {
        WeightRuleGradients.pass(
            derived, sum.getValue().segment(), source -> buffer(source).segment());
        sums.remove(derived);
        sum.getValue().close();
      }
    }
    return buffer(weight)
        .segment()
        .asSlice(0, 4 * weight.shape().elements())
        .toArray(ValueLayout.JAVA_FLOAT);
  }

  private HostBuffer buffer(Weight weight) {
    return sums.computeIfAbsent(weight, key -> new HostBuffer(4 * key.shape().elements()));
  }

  @Override
  public boolean learns(Weight weight) {
    return weight instanceof DerivedWeight derived
        ? WeightRuleGradients.learningSources(derived).stream().anyMatch(this::learns)
        : !fixed.contains(weight);
  }

  @Override
  public TensorView sum(Weight weight, Shape as) {
    long rows = 1;
    for (int i = 1; i < as.rank() - 1; i++) {
      rows *= as.get(i);
    }
    return new TensorView(buffer(weight), 0, ElementType.F32, as, as.last(), rows * as.last());
  }

  /** An input whose gradient is wanted unless the case fixes it. */
  Value value(String name) {
    JsonObject tensor = inputs.object(name);
    boolean mask = name.equals("mask");
    if (!tensor.bool("fixed", false) && (!tensor.has("values") || tensor.bool("gradient", false))) {
      wanted.add(name);
    }
    values.put(name, given(name));
    return graph.input(
        name, mask ? ElementType.U8 : ElementType.F32, DescribedTensor.shape(tensor));
  }

  /** An input that is a weight, whose gradient is wanted unless the case fixes it. */
  Weight weight(String name) {
    JsonObject tensor = inputs.object(name);
    Weight weight = new Numbers(name, DescribedTensor.shape(tensor), given(name));
    weights.put(name, weight);
    if (tensor.bool("fixed", false)) {
      fixed.add(weight);
    }
    return weight;
  }

  private static void write(TensorView view, float[] values) {
    MemorySegment memory = HostBuffer.segment(view);
    for (int i = 0; i < values.length; i++) {
      if (view.type() == ElementType.U8) {
        memory.set(ValueLayout.JAVA_BYTE, i, (byte) values[i]);
      } else {
        memory.setAtIndex(ValueLayout.JAVA_FLOAT, i, values[i]);
      }
    }
  }

  private static float[] read(TensorView view) {
    MemorySegment memory = HostBuffer.segment(view);
    float[] values = new float[Math.toIntExact(view.shape().elements())];
    int columns = view.columns();
    for (int i = 0; i < values.length; i++) {
      long row = i / columns;
      values[i] =
          memory.getAtIndex(
              ValueLayout.JAVA_FLOAT,
              row / view.rows() * view.batchStride()
                  + row % view.rows() * view.rowStride()
                  + i % columns);
    }
    return values;
  }
}
