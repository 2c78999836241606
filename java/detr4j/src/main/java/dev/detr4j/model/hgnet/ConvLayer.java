package dev.detr4j.model.hgnet;

import dev.detr4j.model.graph.DerivedWeight;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import dev.detr4j.model.layer.BatchNorm;
import dev.detr4j.model.layer.Parameters;
import dev.detr4j.op.Activation;
import dev.detr4j.op.Convolution;
import dev.detr4j.op.KernelWindow;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.Weight;
import org.jspecify.annotations.Nullable;

/**
 * A convolution with batch norm and ReLU, and perhaps a scale and a shift of the whole map behind
 * it. These are a depthwise 1x1 convolution: the zeros around a map come after the shift, so that
 * it cannot go into the next convolution.
 */
final class ConvLayer {
  private final WeightedOp<Convolution> convolution;
  private final @Nullable WeightedOp<Convolution> affine;

  /** Reads {@code convolution}, {@code normalization} and, if it is affine, {@code lab}. */
  ConvLayer(Parameters parameters, Convolution op, boolean affine) {
    convolution =
        BatchNorm.folded(parameters, "convolution", "normalization", op, BatchNorm.EPSILON);
    // Without an activation there is nothing to scale.
    this.affine =
        affine && op.activation() != Activation.NONE
            ? scaleAndShift(parameters.under("lab"), op.outChannels())
            : null;
  }

  private static WeightedOp<Convolution> scaleAndShift(Parameters lab, int channels) {
    Weight scale = lab.tensor("scale", 1);
    Weight shift = lab.tensor("bias", 1);
    return WeightedOp.of(
        Convolution.of(channels, channels, KernelWindow.PIXEL).withGroups(channels).withBias(),
        DerivedWeight.repeated(scale, Shape.of(channels, 1, 1, 1)),
        DerivedWeight.repeated(shift, Shape.of(channels)));
  }

  /** Channels of the output. */
  int channels() {
    return convolution.op().outChannels();
  }

  /**
   * Adds the nodes.
   *
   * @param into where the result goes, or null for memory of its own
   */
  Value add(Graph.Builder graph, String label, @Nullable Value into, Value x) {
    if (affine == null) {
      return put(graph, label, convolution, into, x);
    }
    return put(graph, label + ".affine", affine, into, graph.add(label, convolution, x));
  }

  /** Adds a node whose result goes to a place, or to memory of its own. */
  static Value put(
      Graph.Builder graph, String label, WeightedOp<?> op, @Nullable Value into, Value... of) {
    if (into == null) {
      return graph.add(label, op, of);
    }
    graph.addInto(label, op, into, of);
    return into;
  }
}
