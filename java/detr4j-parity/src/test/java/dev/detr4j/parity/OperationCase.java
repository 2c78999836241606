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
import dev.detr4j.op.Activation;
import dev.detr4j.op.Attention;
import dev.detr4j.op.BoxRefinement;
import dev.detr4j.op.Convolution;
import dev.detr4j.op.GlobalResponseNorm;
import dev.detr4j.op.GroupNorm;
import dev.detr4j.op.KernelWindow;
import dev.detr4j.op.LayerNorm;
import dev.detr4j.op.LevelShape;
import dev.detr4j.op.Linear;
import dev.detr4j.op.MaxPool;
import dev.detr4j.op.MsDeformAttention;
import dev.detr4j.op.RowMask;
import dev.detr4j.op.SinePositionEmbedding;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.op.gradient.WeightValue;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
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

  /** The case has some batch items, and a training graph one: they are run one after the other. */
  private static final String EMBEDDING = "query_embedding";

  private final JsonObject entry;
  private final JsonObject attributes;
  private final JsonObject inputs;
  private final Graph.Builder graph = Graph.Builder.ofTraining();
  private final Map<String, Weight> weights = new LinkedHashMap<>();
  private final Map<String, float[]> values = new LinkedHashMap<>();
  private final Map<Weight, HostBuffer> sums = new LinkedHashMap<>();
  private final Set<String> wanted = new TreeSet<>();
  private final Set<Weight> fixed = new java.util.HashSet<>();
  private final List<String> outputs = new ArrayList<>();
  private final Map<String, Map<Integer, Float>> changes = new LinkedHashMap<>();

  OperationCase(JsonObject entry) {
    this.entry = entry;
    attributes = entry.object("attributes");
    inputs = entry.object("inputs");
  }

  /** Gives an element of an input another value, before the case runs. */
  OperationCase with(String input, int element, float value) {
    changes.computeIfAbsent(input, name -> new LinkedHashMap<>()).put(element, value);
    return this;
  }

  /** The numbers of an input or weight. */
  float[] given(String input) {
    float[] numbers = floats(inputs.object(input));
    changes.getOrDefault(input, Map.of()).forEach((element, value) -> numbers[element] = value);
    return numbers;
  }

  /** The sum of all outputs times what comes from above: the function whose gradients these are. */
  double loss(Map<String, float[]> found) {
    double sum = 0;
    List<JsonObject> upstream = entry.objects("upstream");
    for (int i = 0; i < outputs.size(); i++) {
      float[] above = floats(upstream.get(i));
      float[] output = found.get(outputs.get(i));
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
      float[] above = floats(upstream.get(i));
      float[] output = found.get(outputs.get(i));
      for (int k = 0; k < above.length; k++) {
        double product = (double) above[k] * output[k];
        sum += product * product;
      }
    }
    return Math.sqrt(sum);
  }

  /** Outputs by the name {@code output}, gradients by {@code gradient.} and the input's name. */
  Map<String, float[]> run(Backend backend) {
    List<Value> results = build();
    List<JsonObject> upstream = entry.objects("upstream");
    for (int i = 0; i < results.size(); i++) {
      outputs.add(results.size() == 1 ? "output" : "output." + i);
      graph.output(outputs.get(i), results.get(i));
    }
    TrainingGraph step =
        TrainingGraph.of(graph.build(), Set.copyOf(outputs), this, wanted, node -> null);
    Map<String, float[]> found = new LinkedHashMap<>();
    boolean embedding = entry.string("op").equals(EMBEDDING);
    int repetitions = embedding ? attributes.integer("batch", 1, 9) : 1;
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
          float[] whole = floats(upstream.get(i));
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
        sums.remove(derived).close();
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

  private boolean has(String name) {
    return inputs.has(name);
  }

  private Shape shape(String name) {
    return shape(inputs.object(name));
  }

  private static Shape shape(JsonObject tensor) {
    return Shape.of(
        tensor.integers("shape", 0, 1 << 20).stream().mapToInt(Integer::intValue).toArray());
  }

  private float[] floats(JsonObject tensor) {
    Optional<Object> given = tensor.value("values");
    List<Float> flat = new ArrayList<>();
    if (given.isPresent()) {
      flatten(given.get(), flat);
    } else {
      SeededTensor formula =
          new SeededTensor(
              tensor.string("key"),
              entry.longInteger("seed"),
              tensor.number("base"),
              tensor.number("scale"));
      for (long i = 0; i < shape(tensor).elements(); i++) {
        float value = formula.at(i);
        if (tensor.has("quantum")) {
          value = (float) (Math.rint(value / tensor.number("quantum")) * tensor.number("quantum"));
        }
        flat.add(tensor.bool("relu", false) ? Math.max(value, 0) : value);
      }
    }
    float[] all = new float[flat.size()];
    for (int i = 0; i < all.length; i++) {
      all[i] = flat.get(i);
    }
    return all;
  }

  private static void flatten(Object value, List<Float> to) {
    if (value instanceof List<?> list) {
      list.forEach(each -> flatten(each, to));
    } else {
      to.add(((Number) value).floatValue());
    }
  }

  /** An input whose gradient is wanted unless the case fixes it. */
  private Value value(String name) {
    JsonObject tensor = inputs.object(name);
    boolean mask = name.equals("mask");
    if (!tensor.bool("fixed", false) && (!tensor.has("values") || tensor.bool("gradient", false))) {
      wanted.add(name);
    }
    values.put(name, given(name));
    return graph.input(name, mask ? ElementType.U8 : ElementType.F32, shape(tensor));
  }

  private Weight weight(String name) {
    JsonObject tensor = inputs.object(name);
    Weight weight = new Numbers(name, shape(tensor), given(name));
    weights.put(name, weight);
    if (tensor.bool("fixed", false)) {
      fixed.add(weight);
    }
    return weight;
  }

  private Activation activation() {
    return Activation.valueOf(attributes.string("activation", "none").toUpperCase(Locale.ROOT));
  }

  private float epsilon() {
    return (float) attributes.number("epsilon");
  }

  private List<LevelShape> levels() {
    return attributes.integerLists("levels").stream()
        .map(level -> new LevelShape(level.get(0), level.get(1)))
        .toList();
  }

  private List<Value> build() {
    return switch (entry.string("op")) {
      case "linear" -> List.of(linear());
      case "convolution" -> List.of(convolution());
      case "convolution_frozen_norm" -> List.of(normedConvolution());
      case "max_pool" ->
          List.of(
              graph.add(
                  "op",
                  new MaxPool(
                      attributes.integer("kernel", 1, 9),
                      attributes.integer("stride", 1, 9),
                      attributes.integer("padding", 0, 9)),
                  value("x")));
      case "layer_norm" -> layerNorm();
      case "group_norm" ->
          List.of(
              graph.add(
                  "op",
                  WeightedOp.of(
                      new GroupNorm(
                          attributes.integer("groups", 1, 99), shape("x").last(), epsilon()),
                      weight("weight"),
                      weight("bias")),
                  value("x")));
      case "global_response_norm" ->
          List.of(
              graph.add(
                  "op",
                  WeightedOp.of(
                      new GlobalResponseNorm(shape("x").last(), epsilon()),
                      weight("weight"),
                      weight("bias")),
                  value("x")));
      case "attention" -> List.of(attention());
      case "deformable_attention" ->
          List.of(
              graph.add(
                  "op",
                  new MsDeformAttention(
                      attributes.integer("heads", 1, 99),
                      shape("value").last() / attributes.integer("heads", 1, 99),
                      levels(),
                      attributes.integer("points", 1, 99),
                      shape("reference").last()),
                  value("value"),
                  value("offsets"),
                  value("logits"),
                  value("reference"),
                  value("ratios")));
      case "box_refinement" -> List.of(boxes());
      case "sine_position" ->
          List.of(
              graph.add(
                  "op",
                  WeightedOp.of(
                      new SinePositionEmbedding(
                          attributes.integer("height", 1, 99),
                          attributes.integer("width", 1, 99),
                          attributes.integer("features", 1, 99),
                          (float) attributes.number("offset"),
                          attributes.integerLists("valid").stream()
                              .map(valid -> new LevelShape(valid.get(0), valid.get(1)))
                              .toList(),
                          true),
                      weight("level"))));
      case EMBEDDING -> embedding();
      default -> throw entry.wrong("op " + entry.string("op"));
    };
  }

  private Value linear() {
    Linear op =
        Linear.of(shape("weight").get(1), shape("weight").get(0)).withActivation(activation());
    List<Value> of = new ArrayList<>(List.of(value("x")));
    List<Weight> with = new ArrayList<>(List.of(weight("weight")));
    if (has("bias")) {
      op = op.withBias();
      with.add(weight("bias"));
    }
    if (has("residual")) {
      op = op.withResidual();
      of.add(value("residual"));
    }
    if (has("mask")) {
      op = op.withRowMask(RowMask.valueOf(attributes.string("row_mask").toUpperCase(Locale.ROOT)));
      of.add(value("mask"));
    }
    return graph.add("op", new WeightedOp<>(op, with), of.toArray(new Value[0]));
  }

  private Convolution geometry() {
    Shape kernel = shape("weight");
    int groups = attributes.integer("groups", 1, 1, 99);
    return Convolution.of(
            kernel.get(1) * groups,
            kernel.get(0),
            new KernelWindow(
                kernel.get(2),
                kernel.get(3),
                attributes.integer("stride", 1, 9),
                attributes.integer("padding", 0, 9),
                attributes.integer("dilation", 1, 9)))
        .withGroups(groups)
        .withActivation(activation());
  }

  private Value convolution() {
    Convolution op = geometry();
    List<Value> of = new ArrayList<>(List.of(value("x")));
    List<Weight> with = new ArrayList<>(List.of(weight("weight")));
    if (has("bias")) {
      op = op.withBias();
      with.add(weight("bias"));
    }
    if (has("residual")) {
      op = op.withResidual();
      of.add(value("residual"));
    }
    return graph.add("op", new WeightedOp<>(op, with), of.toArray(new Value[0]));
  }

  private Value normedConvolution() {
    Weight gamma = weight("norm_weight");
    Weight variance = weight("norm_var");
    double epsilon = attributes.number("epsilon");
    return graph.add(
        "op",
        WeightedOp.of(
            geometry().withBias(),
            DerivedWeight.scaledByNorm(weight("weight"), gamma, variance, epsilon),
            DerivedWeight.normShift(
                gamma, weight("norm_bias"), weight("norm_mean"), variance, epsilon)),
        value("x"));
  }

  private List<Value> layerNorm() {
    LayerNorm op = new LayerNorm(shape("x").last(), epsilon(), has("residual"), has("addend"));
    List<Value> of = new ArrayList<>(List.of(value("x")));
    if (has("residual")) {
      of.add(value("residual"));
    }
    if (has("addend")) {
      of.add(value("addend"));
    }
    return graph.addAll(
        "op", WeightedOp.of(op, weight("weight"), weight("bias")), of.toArray(new Value[0]));
  }

  private Value attention() {
    int heads = attributes.integer("heads", 1, 99);
    Attention op =
        new Attention(
            heads, shape("q").last() / heads, (float) attributes.number("scale"), has("mask"));
    List<Value> of = new ArrayList<>(List.of(value("q"), value("k"), value("v")));
    if (has("mask")) {
      of.add(value("mask"));
    }
    return graph.add("op", op, of.toArray(new Value[0]));
  }

  private Value boxes() {
    BoxRefinement.Reference form =
        BoxRefinement.Reference.valueOf(attributes.string("reference").toUpperCase(Locale.ROOT));
    BoxRefinement op = new BoxRefinement(form, shape("delta").last(), epsilon());
    return form == BoxRefinement.Reference.NONE
        ? graph.add("op", op, value("delta"))
        : graph.add("op", op, value("delta"), value("reference"));
  }

  /** Positions, targets, and references of the positions, as one-stage queries have them. */
  private List<Value> embedding() {
    Shape of = shape("embedding");
    int half = of.get(1) / 2;
    Value joint =
        graph.add(
            "joint", WeightedOp.of(new WeightValue(1, of.get(0), of.get(1)), weight("embedding")));
    Value position = joint.columns("position", 0, half);
    Value points =
        graph.add(
            "points",
            WeightedOp.linear(weight("weight"), weight("bias"), Activation.NONE),
            position);
    Value reference =
        graph.add("reference", new BoxRefinement(BoxRefinement.Reference.NONE, 2, 0f), points);
    return List.of(position, joint.columns("target", half, half), reference);
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
