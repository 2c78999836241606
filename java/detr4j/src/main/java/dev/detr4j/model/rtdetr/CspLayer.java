package dev.detr4j.model.rtdetr;

import dev.detr4j.model.graph.DerivedWeight;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import dev.detr4j.model.layer.ConvNorm;
import dev.detr4j.model.layer.Parameters;
import dev.detr4j.op.Activation;
import dev.detr4j.op.Add;
import dev.detr4j.op.Convolution;
import dev.detr4j.op.Upsample;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.tensor.Weight;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The fusion of two maps in RT-DETR's neck: two 1x1 convolutions of both maps, RepVGG blocks behind
 * the first, and the sum.
 *
 * <p>Both 1x1 convolutions are one. A RepVGG block is a 3x3 convolution, into whose kernel the 1x1
 * beside it is added. Where one map is upsampled, its part of the 1x1 convolution goes first, on a
 * quarter of the pixels: copying pixels and mixing channels commute.
 */
final class CspLayer {
  private static final int REP_VGG_BLOCKS = 3;

  private final int dim;
  private final int hidden;
  private final WeightedOp<Convolution> both;
  private final List<WeightedOp<Convolution>> blocks = new ArrayList<>();
  private final @Nullable WeightedOp<Convolution> widen;

  /** Reads {@code conv1}, {@code conv2}, {@code bottlenecks.*} and perhaps {@code conv3}. */
  CspLayer(Parameters parameters, HybridEncoderConfig config, double epsilon) {
    dim = config.dim();
    hidden = config.hidden();
    Activation activation = config.activation();
    WeightedOp<Convolution> first =
        ConvNorm.folded(parameters.under("conv1"), ConvNorm.pixel(2 * dim, hidden), epsilon);
    WeightedOp<Convolution> second =
        ConvNorm.folded(parameters.under("conv2"), ConvNorm.pixel(2 * dim, hidden), epsilon);
    String name = parameters.prefix() + "conv1 and conv2";
    both =
        WeightedOp.of(
            ConvNorm.pixel(2 * dim, 2 * hidden).withBias().withActivation(activation),
            DerivedWeight.rows(name + ".weight", first.weight(), second.weight()),
            DerivedWeight.rows(name + ".bias", first.bias(), second.bias()));
    for (int i = 0; i < REP_VGG_BLOCKS; i++) {
      blocks.add(
          ConvNorm.repVgg(parameters.under("bottlenecks").under(i), hidden, activation, epsilon));
    }
    widen =
        hidden == dim
            ? null
            : ConvNorm.folded(
                parameters.under("conv3"),
                ConvNorm.pixel(hidden, dim).withActivation(activation),
                epsilon);
  }

  /**
   * Adds the nodes.
   *
   * @param joint {@code [N, H, W, 2 dim]}, both maps
   */
  Value add(Graph.Builder graph, String label, Value joint) {
    return rest(graph, label, graph.add(label + ".conv12", both, joint));
  }

  /**
   * Adds the nodes.
   *
   * @param small {@code [N, H / 2, W / 2, dim]}, whose pixels are doubled along both axes; the
   *     first half of the channels of the 1x1 convolutions
   * @param large {@code [N, H, W, dim]}
   */
  Value add(Graph.Builder graph, String label, Value small, Value large) {
    Weight weight = both.weight();
    WeightedOp<Convolution> before =
        WeightedOp.of(ConvNorm.pixel(dim, 2 * hidden), DerivedWeight.inputRange(weight, 0, dim));
    WeightedOp<Convolution> behind =
        WeightedOp.of(
            ConvNorm.pixel(dim, 2 * hidden)
                .withBias()
                .withActivation(both.op().activation())
                .withResidual(),
            DerivedWeight.inputRange(weight, dim, dim),
            both.bias());
    Value mixed = graph.add(label + ".conv12.small", before, small);
    Value doubled = graph.add(label + ".upsample", new Upsample(2), mixed);
    return rest(graph, label, graph.add(label + ".conv12.large", behind, large, doubled));
  }

  private Value rest(Graph.Builder graph, String label, Value joint) {
    Value x = joint.columns(label + ".conv1", 0, hidden);
    for (int i = 0; i < blocks.size(); i++) {
      x = graph.add(label + ".bottleneck." + i, blocks.get(i), x);
    }
    Value sum =
        graph.add(label + ".sum", new Add(), x, joint.columns(label + ".conv2", hidden, hidden));
    return widen == null ? sum : graph.add(label + ".conv3", widen, sum);
  }
}
