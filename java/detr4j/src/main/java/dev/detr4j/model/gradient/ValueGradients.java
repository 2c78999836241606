package dev.detr4j.model.gradient;

import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import dev.detr4j.op.Add;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The gradients of values while a graph is walked from its end: what every reader of a value gives
 * adds up, and when its maker is reached, the sum is asked for.
 *
 * <p>A value is a view of a root, and a root has one gradient. Views of a root that was read in
 * parts (columns of a joint projection, rows of a level) are written to the same parts of the
 * root's gradient, without a copy.
 */
final class ValueGradients {
  private final Graph.Builder graph;
  private final Map<Value, Sum> sums = new HashMap<>();
  private final Map<Shape, Value> zeros = new HashMap<>();

  /** A part of a root: where it lies, and what has added up so far. */
  private static final class Part {
    final Value view;
    Value current;
    boolean inPlace;

    Part(Value view, Value current, boolean inPlace) {
      this.view = view;
      this.current = current;
      this.inPlace = inPlace;
    }

    boolean isAt(Value other) {
      return view.offset() == other.offset()
          && view.shape().last() == other.shape().last()
          && view.shape().elements() == other.shape().elements();
    }
  }

  /** What has added up of a root's gradient. */
  private static final class Sum {
    @Nullable Value whole;
    boolean ownsWhole;
    @Nullable Value parted;
    final List<Part> parts = new ArrayList<>();
  }

  ValueGradients(Graph.Builder graph) {
    this.graph = graph;
  }

  /** Whether anything was given to a root. */
  boolean has(Value value) {
    return sums.containsKey(value.root());
  }

  /** Adds a gradient that is there already, as that of a residual is. */
  void pass(String label, Value to, Value gradient) {
    Sum sum = sumOf(to);
    if (to.isWhole()) {
      addWhole(label, sum, to, gradient, false);
      return;
    }
    Part part = part(sum, to);
    if (part == null) {
      sum.parts.add(new Part(to, gradient.reshaped(to.shape()), false));
    } else {
      addTo(label, sum, part, gradient);
    }
  }

  /**
   * Memory for a gradient that a node makes; {@link #made} follows when the node is there. So a
   * node with several outputs can write each to its place.
   */
  Value place(String label, Value to) {
    if (to.isWhole()) {
      return graph.joint(label, ElementType.F32, to.root().shape()).reshaped(to.shape());
    }
    Sum sum = sumOf(to);
    return part(sum, to) == null
        ? to.of(parted(sum, to))
        : graph.joint(label, ElementType.F32, to.shape());
  }

  /** Adds what a node wrote to a place of {@link #place}. */
  void made(String label, Value to, Value place) {
    Sum sum = sumOf(to);
    if (to.isWhole()) {
      addWhole(label, sum, to, place, true);
      return;
    }
    Part part = part(sum, to);
    if (part == null) {
      sum.parts.add(new Part(to, place, true));
    } else {
      addTo(label, sum, part, place);
    }
  }

  /** What has added up of a whole value and may be the residual of the next product; else null. */
  @Nullable Value soFar(Value to) {
    Sum sum = sums.get(to.root());
    return sum == null || !to.isWhole() || !sum.parts.isEmpty() || sum.whole == null
        ? null
        : sum.whole.reshaped(to.shape());
  }

  /** Puts a sum that contains {@link #soFar} in its place. */
  void replace(Value to, Value total) {
    Sum sum = sumOf(to);
    sum.whole = total.reshaped(to.root().shape());
    sum.ownsWhole = true;
  }

  /** The gradient of a value whose readers have all given theirs. */
  Value of(String label, Value value) {
    Value root = value.root();
    Sum sum = sumOf(value);
    if (!sum.parts.isEmpty()) {
      join(label, root, sum);
    }
    if (sum.whole == null) {
      throw new IllegalStateException("nothing gave a gradient to " + value);
    }
    return value.of(sum.whole);
  }

  /** Makes one gradient of the parts, and of the whole if there is one. */
  private void join(String label, Value root, Sum sum) {
    long elements = 0;
    for (Part part : sum.parts) {
      elements += part.view.shape().elements();
      if (!part.inPlace) {
        Value place = part.view.of(parted(sum, part.view));
        graph.addInto(label + ".copied", new Add(), place, part.current, zeros(part.view.shape()));
      }
    }
    Value parted = parted(sum, root);
    boolean covered = elements == root.shape().elements();
    if (sum.whole == null && !covered) {
      throw new IllegalStateException(
          "of %s, %d of %d elements have a gradient"
              .formatted(root, elements, root.shape().elements()));
    }
    if (sum.whole == null) {
      sum.whole = parted;
    } else if (covered) {
      sum.whole = graph.add(label + ".joined", new Add(), parted, sum.whole);
    } else {
      Value whole =
          sum.ownsWhole
              ? sum.whole
              : graph.add(label + ".copied", new Add(), sum.whole, zeros(root.shape()));
      for (Part part : sum.parts) {
        Value place = part.view.of(whole);
        graph.addInto(label + ".joined", new Add(), place, place, part.view.of(parted));
      }
      sum.whole = whole;
    }
    sum.ownsWhole = true;
    sum.parted = null;
    sum.parts.clear();
  }

  private void addWhole(String label, Sum sum, Value to, Value gradient, boolean owned) {
    Value root = to.root();
    if (sum.whole == null) {
      sum.whole = gradient.reshaped(root.shape());
      sum.ownsWhole = owned;
    } else {
      sum.whole = graph.add(label + ".sum", new Add(), gradient.reshaped(root.shape()), sum.whole);
      sum.ownsWhole = true;
    }
  }

  private void addTo(String label, Sum sum, Part part, Value gradient) {
    Value place = part.view.of(parted(sum, part.view));
    graph.addInto(
        label + ".sum", new Add(), place, part.current, gradient.reshaped(part.view.shape()));
    part.current = place;
    part.inPlace = true;
  }

  private Sum sumOf(Value value) {
    return sums.computeIfAbsent(value.root(), root -> new Sum());
  }

  private static @Nullable Part part(Sum sum, Value view) {
    for (Part part : sum.parts) {
      if (part.isAt(view)) {
        return part;
      }
    }
    return null;
  }

  private Value parted(Sum sum, Value view) {
    if (sum.parted == null) {
      Value root = view.root();
      sum.parted = graph.joint("gradient of " + root.name(), ElementType.F32, root.shape());
    }
    return sum.parted;
  }

  private Value zeros(Shape shape) {
    return zeros.computeIfAbsent(
        shape, key -> graph.constant("zeros", ElementType.F32, key, destination -> {}));
  }
}
