package dev.detr4j.model.dfine;

import dev.detr4j.model.graph.DerivedWeight;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import dev.detr4j.model.layer.ConvNorm;
import dev.detr4j.model.layer.Parameters;
import dev.detr4j.op.Activation;
import dev.detr4j.op.Convolution;
import dev.detr4j.op.KernelWindow;
import dev.detr4j.op.Upsample;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.Weight;

/**
 * The fusion of two maps in D-FINE's neck (RepNCSPELAN4): a 1x1 convolution of both, two steps on
 * its second half, and a 1x1 convolution of all of them, which are written side by side.
 *
 * <p>Where one map is upsampled, its part of the first convolution goes before that, on a quarter
 * of the pixels.
 */
final class ElanBlock {
  private final int dim;
  private final int hidden;
  private final WeightedOp<Convolution> first;
  private final CspRep csp1;
  private final WeightedOp<Convolution> step1;
  private final CspRep csp2;
  private final WeightedOp<Convolution> step2;
  private final WeightedOp<Convolution> last;

  /** Reads {@code conv1} to {@code conv4}, {@code csp_rep1} and {@code csp_rep2}. */
  ElanBlock(Parameters parameters, DFineConfig.Neck neck, double epsilon) {
    dim = neck.dim();
    hidden = neck.hidden();
    Activation activation = neck.activation();
    Convolution step =
        Convolution.of(hidden, hidden, KernelWindow.square(3).withPadding(1))
            .withActivation(activation);
    first =
        ConvNorm.folded(
            parameters.under("conv1"),
            ConvNorm.pixel(2 * dim, 2 * dim).withActivation(activation),
            epsilon);
    csp1 = new CspRep(parameters.under("csp_rep1"), dim, hidden, neck.depth(), activation, epsilon);
    step1 = ConvNorm.folded(parameters.under("conv2"), step, epsilon);
    csp2 =
        new CspRep(parameters.under("csp_rep2"), hidden, hidden, neck.depth(), activation, epsilon);
    step2 = ConvNorm.folded(parameters.under("conv3"), step, epsilon);
    last =
        ConvNorm.folded(
            parameters.under("conv4"),
            ConvNorm.pixel(2 * dim + 2 * hidden, dim).withActivation(activation),
            epsilon);
  }

  /**
   * Adds the nodes.
   *
   * @param both {@code [N, H, W, 2 dim]}, both maps
   * @param into where the result goes
   */
  void add(Graph.Builder graph, String label, Value both, Value into) {
    Value all = joint(graph, label, both.shape());
    graph.addInto(label + ".conv1", first, all.columns(label + ".ab", 0, 2 * dim), both);
    rest(graph, label, all, into);
  }

  /**
   * Adds the nodes.
   *
   * @param small {@code [N, H / 2, W / 2, dim]}, whose pixels are doubled along both axes; the
   *     first half of the channels
   * @param large {@code [N, H, W, dim]}
   * @param into where the result goes
   */
  void add(Graph.Builder graph, String label, Value small, Value large, Value into) {
    Weight weight = first.weight();
    WeightedOp<Convolution> before =
        WeightedOp.of(ConvNorm.pixel(dim, 2 * dim), DerivedWeight.inputRange(weight, 0, dim));
    WeightedOp<Convolution> behind =
        WeightedOp.of(
            ConvNorm.pixel(dim, 2 * dim)
                .withBias()
                .withActivation(first.op().activation())
                .withResidual(),
            DerivedWeight.inputRange(weight, dim, dim),
            first.bias());
    Value mixed = graph.add(label + ".conv1.small", before, small);
    Value doubled = graph.add(label + ".upsample", new Upsample(2), mixed);
    Value all = joint(graph, label, large.shape());
    graph.addInto(
        label + ".conv1.large", behind, all.columns(label + ".ab", 0, 2 * dim), large, doubled);
    rest(graph, label, all, into);
  }

  private Value joint(Graph.Builder graph, String label, Shape map) {
    return graph.joint(
        label + ".joint",
        ElementType.F32,
        Shape.of(map.get(0), map.get(1), map.get(2), 2 * dim + 2 * hidden));
  }

  private void rest(Graph.Builder graph, String label, Value all, Value into) {
    Value one = all.columns(label + ".one", 2 * dim, hidden);
    Value two = all.columns(label + ".two", 2 * dim + hidden, hidden);
    Value second = all.columns(label + ".b", dim, dim);
    graph.addInto(label + ".conv2", step1, one, csp1.add(graph, label + ".csp1", second));
    graph.addInto(label + ".conv3", step2, two, csp2.add(graph, label + ".csp2", one));
    graph.addInto(label + ".conv4", last, into, all);
  }
}
