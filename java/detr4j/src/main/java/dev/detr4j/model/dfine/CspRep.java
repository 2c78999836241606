package dev.detr4j.model.dfine;

import dev.detr4j.model.graph.DerivedWeight;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import dev.detr4j.model.layer.ConvNorm;
import dev.detr4j.model.layer.Parameters;
import dev.detr4j.op.Activation;
import dev.detr4j.op.Add;
import dev.detr4j.op.Convolution;
import dev.detr4j.op.WeightedOp;
import java.util.ArrayList;
import java.util.List;

/** Two 1x1 convolutions of one map, which are one here, RepVGG blocks behind the first, the sum. */
final class CspRep {
  private final int hidden;
  private final WeightedOp<Convolution> both;
  private final List<WeightedOp<Convolution>> blocks = new ArrayList<>();

  /** Reads {@code conv1}, {@code conv2} and {@code bottlenecks.*}. */
  CspRep(Parameters parameters, int in, int hidden, int depth, Activation activation, double eps) {
    this.hidden = hidden;
    Convolution pixel = ConvNorm.pixel(in, hidden);
    WeightedOp<Convolution> first = ConvNorm.folded(parameters.under("conv1"), pixel, eps);
    WeightedOp<Convolution> second = ConvNorm.folded(parameters.under("conv2"), pixel, eps);
    String name = parameters.prefix() + "conv1 and conv2";
    both =
        WeightedOp.of(
            ConvNorm.pixel(in, 2 * hidden).withBias().withActivation(activation),
            DerivedWeight.rows(name + ".weight", first.weight(), second.weight()),
            DerivedWeight.rows(name + ".bias", first.bias(), second.bias()));
    for (int i = 0; i < depth; i++) {
      blocks.add(
          ConvNorm.repVgg(parameters.under("bottlenecks").under(i), hidden, activation, eps));
    }
  }

  /** Adds the nodes. */
  Value add(Graph.Builder graph, String label, Value map) {
    Value joint = graph.add(label + ".conv12", both, map);
    Value x = joint.columns(label + ".conv1", 0, hidden);
    for (int i = 0; i < blocks.size(); i++) {
      x = graph.add(label + ".bottleneck." + i, blocks.get(i), x);
    }
    return graph.add(label + ".sum", new Add(), x, joint.columns(label + ".conv2", hidden, hidden));
  }
}
