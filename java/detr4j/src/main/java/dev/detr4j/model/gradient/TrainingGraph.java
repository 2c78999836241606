package dev.detr4j.model.gradient;

import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Node;
import dev.detr4j.model.graph.Value;
import dev.detr4j.op.OpSpec;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Weight;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The graph of a training step for one image: a model's graph, and behind it what takes the
 * gradients of its outputs back to the weights, by {@link GradientRules}.
 *
 * <p>Between the two parts the caller computes the loss: it reads the outputs, and writes the
 * gradient of the loss by each to the input {@link #gradientOf} of its name. Gradients by weights
 * are added to {@link WeightSums}; everything else is planned as any graph is, so a value of the
 * forward part that the backward part reads lives until then.
 *
 * @param graph both parts
 * @param backward the first node of the backward part
 */
public record TrainingGraph(Graph graph, Node backward) {
  private static final String GRADIENT = "gradient of ";

  /** The name of the input, or of the output, that is the gradient of a value of that name. */
  public static String gradientOf(String name) {
    return GRADIENT + name;
  }

  /**
   * Makes the graph of a step.
   *
   * @param forward a graph of one image
   * @param supervised names of the outputs whose gradients the caller gives
   * @param sums where gradients by weights add up, and which weights learn
   * @param wanted names of inputs of the graph whose gradients become outputs; for tests
   * @param segment to which segment a node belongs that is computed anew from its inputs on the way
   *     back instead of being kept; null for a node that is kept
   * @throws IllegalArgumentException when an operation that learns has no gradient rule, or nothing
   *     learns
   */
  public static TrainingGraph of(
      Graph forward,
      Set<String> supervised,
      WeightSums sums,
      Set<String> wanted,
      Function<Node, @Nullable String> segment) {
    return new Maker(forward, supervised, sums, wanted, segment).make();
  }

  private static final class Maker {
    private final Graph forward;
    private final Set<String> supervised;
    private final WeightSums sums;
    private final Set<String> wanted;
    private final Function<Node, @Nullable String> segment;
    private final Graph.Builder graph;
    private final ValueGradients gradients;
    private final Set<Value> learning = new HashSet<>();
    private final Map<Value, Value> anew = new HashMap<>();

    Maker(
        Graph forward,
        Set<String> supervised,
        WeightSums sums,
        Set<String> wanted,
        Function<Node, @Nullable String> segment) {
      this.forward = forward;
      this.supervised = supervised;
      this.sums = sums;
      this.wanted = wanted;
      this.segment = segment;
      graph = Graph.Builder.after(forward);
      gradients = new ValueGradients(graph);
    }

    TrainingGraph make() {
      findLearning();
      for (String name : supervised) {
        Value output = forward.outputs().get(name);
        if (output == null) {
          throw new IllegalArgumentException(
              "the model has no output " + name + "; it has " + forward.outputs().keySet());
        }
        if (learns(output)) {
          gradients.pass(
              name, output, graph.input(gradientOf(name), ElementType.F32, output.shape()));
        }
      }
      int nodes = graph.size();
      @Nullable String running = null;
      for (int i = forward.nodes().size() - 1; i >= 0; i--) {
        Node node = forward.nodes().get(i);
        if (node.outputs().stream().noneMatch(this::isAsked)) {
          continue;
        }
        String own = segment.apply(node);
        if (own != null && !own.equals(running)) {
          computeAnew(own);
        }
        running = own;
        GradientRules.add(
            node.op(),
            new Backward(graph, node, forward.weights(), sums, gradients, this::learns, this::now));
      }
      for (String name : wanted) {
        Value input = inputOf(name);
        graph.output(gradientOf(name), gradients.of(name, input));
      }
      Graph made = graph.build();
      List<Node> used = new ArrayList<>(made.nodes());
      removeUnread(made, used);
      Set<Node> forwardPart = new HashSet<>(made.nodes().subList(0, nodes));
      Node backward =
          used.stream()
              .filter(node -> !forwardPart.contains(node))
              .findFirst()
              .orElseThrow(
                  () -> new IllegalArgumentException("nothing learns: every weight is frozen"));
      return new TrainingGraph(
          new Graph(
              made.inputs(),
              made.constants(),
              made.weights(),
              made.placed(),
              List.copyOf(used),
              made.outputs(),
              Map.of()),
          backward);
    }

    /** Removes the nodes whose results nobody reads. */
    private static void removeUnread(Graph graph, List<Node> nodes) {
      Set<Value> read = new HashSet<>(graph.placed().keySet());
      graph.outputs().values().forEach(output -> read.add(output.root()));
      for (int i = nodes.size() - 1; i >= 0; i--) {
        Node node = nodes.get(i);
        if (node.outputs().stream().noneMatch(output -> read.contains(output.root()))) {
          nodes.remove(i);
        } else {
          node.inputs().forEach(input -> read.add(input.root()));
        }
      }
    }

    private Value inputOf(String name) {
      return forward.inputs().stream()
          .filter(input -> input.name().equals(name))
          .findFirst()
          .orElseThrow(() -> new IllegalArgumentException("the graph has no input " + name));
    }

    private boolean isAsked(Value output) {
      return learns(output) && gradients.has(output);
    }

    /** The roots that a weight that learns, or an input that wants its gradient, reaches. */
    private void findLearning() {
      wanted.forEach(name -> learning.add(inputOf(name)));
      for (Node node : forward.nodes()) {
        boolean learns =
            node.weights().stream().anyMatch(weight -> sums.learns(weightOf(weight)))
                || node.inputs().stream().anyMatch(this::learns);
        if (learns) {
          node.outputs().forEach(output -> learning.add(output.root()));
        }
      }
    }

    private Weight weightOf(Value weight) {
      return Objects.requireNonNull(forward.weights().get(weight), weight.name());
    }

    private boolean learns(Value value) {
      return !value.isDetached() && learning.contains(value.root());
    }

    private Value now(Value value) {
      Value root = anew.get(value.root());
      return root == null ? value : value.of(root);
    }

    /** Adds the nodes of a segment once more; the way back then reads what they make. */
    private void computeAnew(String name) {
      Set<Value> roots = new LinkedHashSet<>();
      List<Node> nodes = new ArrayList<>();
      for (Node node : forward.nodes()) {
        if (name.equals(segment.apply(node))) {
          nodes.add(node);
          node.outputs().forEach(output -> roots.add(output.root()));
        }
      }
      // What others read of the segment is kept anyway, so the last values need no copy; but a
      // value
      // that only the segment reads dies in the forward part and lives again from here.
      for (Value root : roots) {
        anew.put(root, graph.joint(root.name() + ".anew", root.type(), root.shape()));
      }
      for (Node node : nodes) {
        graph.addInto(
            node.label() + ".anew",
            weighted(node),
            node.outputs().stream().map(this::now).toList(),
            node.inputs().stream().map(this::now).toArray(Value[]::new));
      }
    }

    private WeightedOp<OpSpec> weighted(Node node) {
      return new WeightedOp<>(node.op(), node.weights().stream().map(this::weightOf).toList());
    }
  }
}
