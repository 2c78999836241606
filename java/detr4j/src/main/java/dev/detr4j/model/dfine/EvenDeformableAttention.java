package dev.detr4j.model.dfine;

import dev.detr4j.model.graph.DerivedWeight;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import dev.detr4j.model.layer.Parameters;
import dev.detr4j.op.Activation;
import dev.detr4j.op.LevelShape;
import dev.detr4j.op.Linear;
import dev.detr4j.op.MsDeformAttention;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.tensor.Weight;
import java.util.Collections;
import java.util.List;

/**
 * D-FINE's deformable attention: the memory is cut into heads as it is, without projections, and
 * levels may have different numbers of points. Those with fewer get samples of no weight, whose
 * logits are minus infinity, so that the operation sees as many on all levels.
 */
final class EvenDeformableAttention {
  private final int heads;
  private final int headDim;
  private final int levels;
  private final int points;
  private final WeightedOp<Linear> sampling;

  /** Reads {@code sampling_offsets} and {@code attention_weights} below the prefix. */
  EvenDeformableAttention(
      Parameters parameters, int dModel, int heads, List<Integer> points, double offsetScale) {
    this.heads = heads;
    headDim = dModel / heads;
    levels = points.size();
    this.points = Collections.max(points);
    int samples = heads * points.stream().mapToInt(Integer::intValue).sum();
    WeightedOp<Linear> offsets =
        parameters.linear("sampling_offsets", dModel, 2 * samples, Activation.NONE);
    WeightedOp<Linear> logits =
        parameters.linear("attention_weights", dModel, samples, Activation.NONE);
    // The operation multiplies offsets by 0.5 / points, D-FINE by its scale / points of the level.
    List<Double> factors =
        points.stream().map(count -> (double) this.points / count * offsetScale / 0.5).toList();
    List<Double> same = Collections.nCopies(levels, 1.0);
    String name = parameters.prefix() + "sampling";
    sampling =
        WeightedOp.linear(
                DerivedWeight.rows(
                    name + ".weight",
                    even(offsets.weight(), points, 2, factors, 0),
                    even(logits.weight(), points, 1, same, 0)),
                DerivedWeight.rows(
                    name + ".bias",
                    even(offsets.bias(), points, 2, factors, 0),
                    even(logits.bias(), points, 1, same, Float.NEGATIVE_INFINITY)),
                Activation.NONE)
            .as(Linear::withExactProducts);
  }

  private Weight even(
      Weight weight, List<Integer> counts, int coordinates, List<Double> factors, float fill) {
    return DerivedWeight.evenSamples(weight, heads, counts, coordinates, factors, fill);
  }

  /**
   * Adds the nodes.
   *
   * @param positioned {@code [N, Q, dModel]}, queries plus positions
   * @param memory {@code [N, S, dModel]}
   * @param into where the result goes
   */
  void add(
      Graph.Builder graph,
      String label,
      Value positioned,
      Value memory,
      Value reference,
      List<LevelShape> shapes,
      Value validRatios,
      Value into) {
    int samples = heads * levels * points;
    Value joint = graph.add(label + ".sampling", sampling, positioned);
    graph.addInto(
        label,
        new MsDeformAttention(heads, headDim, shapes, points, 4),
        into,
        memory,
        joint.columns(label + ".offsets", 0, 2 * samples),
        joint.columns(label + ".logits", 2 * samples, samples),
        reference,
        validRatios);
  }
}
