package dev.detr4j.model.convnext;

import dev.detr4j.model.family.Backbone;
import dev.detr4j.model.family.WeightSource;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import dev.detr4j.model.layer.Parameters;
import dev.detr4j.op.Activation;
import dev.detr4j.op.Convolution;
import dev.detr4j.op.GlobalResponseNorm;
import dev.detr4j.op.KernelWindow;
import dev.detr4j.op.LayerNorm;
import dev.detr4j.op.Linear;
import dev.detr4j.op.WeightedOp;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * ConvNeXt V2 (Woo et al. 2023). Maps are channels last throughout, so the linear layers of a block
 * take them as they are.
 *
 * <p>Names are birder's below {@code backbone.}: {@code stem.0} and {@code stem.1}, then in each
 * stage first the reduction (not in stage 1) and the blocks after it.
 */
public final class ConvNextV2Backbone implements Backbone {
  private static final float STEM_EPSILON = 1e-5f;
  private static final float EPSILON = 1e-6f;
  private static final int STEM = 4;
  private static final int WINDOW = 7;
  private static final int EXPANSION = 4;

  /** Depthwise convolution, norm, then two linear layers with the response norm between. */
  private record Block(
      WeightedOp<Convolution> spatial,
      WeightedOp<LayerNorm> norm,
      WeightedOp<Linear> expand,
      WeightedOp<GlobalResponseNorm> response,
      WeightedOp<Linear> contract) {}

  /** Norm and 2x2 convolution of stride 2. */
  private record Reduction(WeightedOp<LayerNorm> norm, WeightedOp<Convolution> convolution) {}

  private record Stage(@Nullable Reduction reduction, List<Block> blocks) {}

  private final WeightedOp<Convolution> stem;
  private final WeightedOp<LayerNorm> stemNorm;
  private final List<Stage> stages = new ArrayList<>();

  /** Reads the weights of all stages up to the last one that the neck takes. */
  public ConvNextV2Backbone(ConvNextV2Config config, WeightSource source) {
    Parameters parameters = new Parameters(source, "backbone.");
    int first = config.widths().get(0);
    stem = patches(parameters, "stem.0", 3, first, STEM);
    stemNorm = norm(parameters, "stem.1", first, STEM_EPSILON);
    for (int s = 1; s <= config.stages(); s++) {
      Parameters stage = parameters.under("body").under("stage" + s);
      int width = config.widths().get(s - 1);
      Reduction reduction = null;
      if (s > 1) {
        int before = config.widths().get(s - 2);
        reduction =
            new Reduction(
                norm(stage, "0.0", before, EPSILON), patches(stage, "0.1", before, width, 2));
      }
      List<Block> blocks = new ArrayList<>();
      for (int b = 0; b < config.depths().get(s - 1); b++) {
        blocks.add(block(stage.under(s > 1 ? b + 1 : b).under("block"), width));
      }
      stages.add(new Stage(reduction, blocks));
    }
  }

  private static Block block(Parameters parameters, int width) {
    int inner = EXPANSION * width;
    return new Block(
        parameters.weighted(
            Convolution.of(width, width, KernelWindow.square(WINDOW).withPadding(WINDOW / 2))
                .withGroups(width)
                .withBias(),
            "0.weight",
            "0.bias"),
        norm(parameters, "2", width, EPSILON),
        parameters.linear("3", width, inner, Activation.GELU),
        WeightedOp.of(
            new GlobalResponseNorm(inner, EPSILON),
            parameters.tensor("5.gamma", 1, 1, 1, inner),
            parameters.tensor("5.beta", 1, 1, 1, inner)),
        parameters.linear("6", inner, width, Activation.NONE).as(Linear::withResidual));
  }

  /** A convolution whose windows meet without overlap. */
  private static WeightedOp<Convolution> patches(
      Parameters parameters, String name, int in, int out, int size) {
    return parameters.weighted(
        Convolution.of(in, out, KernelWindow.square(size).withStride(size)).withBias(),
        name + ".weight",
        name + ".bias");
  }

  private static WeightedOp<LayerNorm> norm(
      Parameters parameters, String name, int channels, float epsilon) {
    return parameters.weighted(LayerNorm.of(channels, epsilon), name + ".weight", name + ".bias");
  }

  @Override
  public List<Value> add(Graph.Builder graph, Value image) {
    Value x = graph.add("backbone.stem", stem, image);
    x = graph.add("backbone.stem_norm", stemNorm, x);
    List<Value> outputs = new ArrayList<>();
    for (int s = 0; s < stages.size(); s++) {
      String label = "backbone.stage" + (s + 1);
      Stage stage = stages.get(s);
      Reduction reduction = stage.reduction();
      if (reduction != null) {
        x = graph.add(label + ".reduction_norm", reduction.norm(), x);
        x = graph.add(label + ".reduction", reduction.convolution(), x);
      }
      for (int b = 0; b < stage.blocks().size(); b++) {
        x = add(graph, label + "." + b, stage.blocks().get(b), x);
      }
      outputs.add(x);
    }
    return outputs;
  }

  private static Value add(Graph.Builder graph, String label, Block block, Value x) {
    Value y = graph.add(label + ".depthwise", block.spatial(), x);
    y = graph.add(label + ".norm", block.norm(), y);
    y = graph.add(label + ".expand", block.expand(), y);
    y = graph.add(label + ".response_norm", block.response(), y);
    return graph.add(label + ".contract", block.contract(), y, x);
  }
}
