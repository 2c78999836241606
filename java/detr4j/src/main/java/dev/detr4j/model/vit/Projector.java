package dev.detr4j.model.vit;

import dev.detr4j.model.graph.DerivedWeight;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import dev.detr4j.model.layer.ConvNorm;
import dev.detr4j.model.layer.Norm;
import dev.detr4j.model.layer.Parameters;
import dev.detr4j.op.Convolution;
import dev.detr4j.op.KernelWindow;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The projector of LW-DETR (Chen et al. 2024): one C2f block (of YOLOv8) on the joined maps of the
 * backbone, and a normalisation. Everything that the last convolution joins is written side by
 * side.
 */
final class Projector {
  /** Of the norm behind the block, whatever the configuration says of the others. */
  private static final float EPSILON = 1e-6f;

  /**
   * A convolution, its norm and the activation. A batch norm folds, the activation then is the
   * convolution's. A layer norm over the channels stays; what activates behind it is a depthwise
   * 1x1 convolution by ones, which changes nothing else.
   */
  private record Layer(
      WeightedOp<Convolution> convolution,
      @Nullable Norm norm,
      @Nullable WeightedOp<Convolution> activation) {
    void addInto(Graph.Builder graph, String label, Value into, Value x) {
      if (norm == null || activation == null) {
        graph.addInto(label, convolution, into, x);
        return;
      }
      Value product = graph.add(label + ".conv", convolution, x);
      Value normed = norm.add(graph, label + ".norm", product);
      graph.addInto(label, activation, into, normed);
    }
  }

  private final VitDetrConfig.Neck neck;
  private final int dModel;
  private final Layer split;
  private final List<Layer> bottlenecks = new ArrayList<>();
  private final Layer join;
  private final Norm norm;

  /** Reads {@code projector_layer.*} and {@code layer_norm} below the prefix. */
  Projector(Parameters parameters, int in, int dModel, VitDetrConfig.Neck neck) {
    this.neck = neck;
    this.dModel = dModel;
    int hidden = neck.hidden();
    Parameters block = parameters.under("projector_layer");
    split = layer(block.under("conv1"), ConvNorm.pixel(in, 2 * hidden));
    Convolution square = Convolution.of(hidden, hidden, KernelWindow.square(3).withPadding(1));
    for (int i = 0; i < neck.blocks(); i++) {
      Parameters bottleneck = block.under("bottlenecks").under(i);
      bottlenecks.add(layer(bottleneck.under("conv1"), square));
      bottlenecks.add(layer(bottleneck.under("conv2"), square));
    }
    join = layer(block.under("conv2"), ConvNorm.pixel((2 + neck.blocks()) * hidden, dModel));
    norm = new Norm(parameters, "layer_norm", dModel, EPSILON);
  }

  private Layer layer(Parameters parameters, Convolution op) {
    if (neck.hasBatchNorms()) {
      WeightedOp<Convolution> folded = ConvNorm.folded(parameters, op, neck.epsilon());
      return new Layer(folded.as(plain -> plain.withActivation(neck.activation())), null, null);
    }
    int channels = op.outChannels();
    Convolution each = ConvNorm.pixel(channels, channels).withGroups(channels);
    return new Layer(
        parameters.weighted(op, "conv.weight"),
        new Norm(parameters, "norm", channels, (float) neck.epsilon()),
        WeightedOp.of(
            each.withActivation(neck.activation()),
            DerivedWeight.ones(Shape.of(channels, 1, 1, 1))));
  }

  /**
   * Adds the nodes, and the taps {@code input_proj.0} and {@code memory}.
   *
   * @param maps {@code [N, h, w, in]}
   * @return {@code [N, h w, dModel]}
   */
  Value add(Graph.Builder graph, Value maps) {
    Shape shape = maps.shape();
    int hidden = neck.hidden();
    Value parts =
        graph.joint(
            "input_proj.parts",
            ElementType.F32,
            Shape.of(shape.get(0), shape.get(1), shape.get(2), (2 + neck.blocks()) * hidden));
    split.addInto(
        graph, "input_proj.split", parts.columns("input_proj.split", 0, 2 * hidden), maps);
    Value last = parts.columns("input_proj.half", hidden, hidden);
    Shape map = last.shape();
    for (int i = 0; i < neck.blocks(); i++) {
      String label = "input_proj." + i;
      Value between = graph.joint(label + ".0", ElementType.F32, map);
      bottlenecks.get(2 * i).addInto(graph, label + ".0", between, last);
      Value place = parts.columns(label + ".1", (2 + i) * hidden, hidden);
      bottlenecks.get(2 * i + 1).addInto(graph, label + ".1", place, between);
      last = place;
    }
    Value joined =
        graph.joint(
            "input_proj.join",
            ElementType.F32,
            Shape.of(shape.get(0), shape.get(1), shape.get(2), dModel));
    join.addInto(graph, "input_proj.join", joined, parts);
    Value projected = norm.add(graph, "input_proj.norm", joined);
    graph.tap("input_proj.0", projected);
    Value memory = projected.reshaped(Shape.of(shape.get(0), shape.get(1) * shape.get(2), dModel));
    graph.tap("memory", memory);
    return memory;
  }
}
