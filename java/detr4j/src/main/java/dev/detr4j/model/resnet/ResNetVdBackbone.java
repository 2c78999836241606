package dev.detr4j.model.resnet;

import dev.detr4j.model.family.Backbone;
import dev.detr4j.model.family.WeightSource;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import dev.detr4j.model.layer.BatchNorm;
import dev.detr4j.model.layer.Parameters;
import dev.detr4j.op.Activation;
import dev.detr4j.op.AveragePool;
import dev.detr4j.op.Convolution;
import dev.detr4j.op.KernelWindow;
import dev.detr4j.op.MaxPool;
import dev.detr4j.op.WeightedOp;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * ResNet-vd (He et al. 2019) with batch normalisation folded into the convolutions.
 *
 * <p>The shortcut of a stage that strides averages 2x2 pixels and then convolves one. Folded into a
 * 2x2 convolution of stride 2 it would be one operation of four times as many multiplications, and
 * wrong at the edge of an odd map, whose last window has fewer pixels. So the pool stays.
 *
 * <p>Names are transformers' below {@code backbone.}.
 */
final class ResNetVdBackbone implements Backbone {
  private record Block(
      List<WeightedOp<Convolution>> convolutions,
      @Nullable WeightedOp<Convolution> shortcut,
      boolean pools) {}

  private final List<WeightedOp<Convolution>> stem = new ArrayList<>();
  private final List<List<Block>> stages = new ArrayList<>();

  /** Reads the weights of all stages up to the last one that the neck takes. */
  ResNetVdBackbone(ResNetVdConfig config, WeightSource source) {
    Parameters parameters = new Parameters(source, "backbone.");
    int half = config.stemWidth() / 2;
    Parameters embedder = parameters.under("embedder").under("embedder");
    stem.add(folded(embedder.under(0), relu(3, half, window(3, 2))));
    stem.add(folded(embedder.under(1), relu(half, half, window(3, 1))));
    stem.add(folded(embedder.under(2), relu(half, config.stemWidth(), window(3, 1))));
    for (int stage = 1; stage <= config.stages(); stage++) {
      Parameters layers =
          parameters.under("encoder").under("stages").under(stage - 1).under("layers");
      List<Block> blocks = new ArrayList<>();
      for (int b = 0; b < config.depths().get(stage - 1); b++) {
        blocks.add(block(config, layers.under(b), stage, b == 0));
      }
      stages.add(blocks);
    }
  }

  private static Block block(
      ResNetVdConfig config, Parameters parameters, int stage, boolean first) {
    int width = config.widths().get(stage - 1);
    int in = first ? config.inputWidth(stage) : width;
    boolean strides = first && stage > 1;
    KernelWindow window = window(3, strides ? 2 : 1);
    Parameters layer = parameters.under("layer");
    int inner = width / 4;
    List<WeightedOp<Convolution>> convolutions =
        config.block() == ResNetConfig.Block.BASIC
            ? List.of(
                folded(layer.under(0), relu(in, width, window)),
                folded(layer.under(1), relu(width, width, window(3, 1)).withResidual()))
            : List.of(
                folded(layer.under(0), relu(in, inner, KernelWindow.PIXEL)),
                folded(layer.under(1), relu(inner, inner, window)),
                folded(layer.under(2), relu(inner, width, KernelWindow.PIXEL).withResidual()));
    if (!first) {
      return new Block(convolutions, null, false);
    }
    Parameters shortcut = parameters.under("shortcut");
    return new Block(
        convolutions,
        folded(
            strides ? shortcut.under(1) : shortcut, Convolution.of(in, width, KernelWindow.PIXEL)),
        strides);
  }

  @Override
  public List<Value> add(Graph.Builder graph, Value image) {
    Value x = image;
    for (int i = 0; i < stem.size(); i++) {
      x = graph.add("backbone.stem." + i, stem.get(i), x);
    }
    x = graph.add("backbone.pool", new MaxPool(3, 2, 1), x);
    List<Value> outputs = new ArrayList<>();
    for (int stage = 1; stage <= stages.size(); stage++) {
      List<Block> blocks = stages.get(stage - 1);
      for (int b = 0; b < blocks.size(); b++) {
        x = add(graph, "backbone.layer" + stage + "." + b, blocks.get(b), x);
      }
      outputs.add(x);
    }
    return outputs;
  }

  private static Value add(Graph.Builder graph, String label, Block block, Value x) {
    Value shortcut = x;
    if (block.shortcut() != null) {
      Value pooled =
          block.pools() ? graph.add(label + ".shortcut.pool", new AveragePool(2, 2), x) : x;
      shortcut = graph.add(label + ".shortcut", block.shortcut(), pooled);
    }
    Value y = x;
    int last = block.convolutions().size() - 1;
    for (int i = 0; i < last; i++) {
      y = graph.add(label + ".conv" + (i + 1), block.convolutions().get(i), y);
    }
    return graph.add(label + ".conv" + (last + 1), block.convolutions().get(last), y, shortcut);
  }

  private static Convolution relu(int in, int out, KernelWindow window) {
    return Convolution.of(in, out, window).withActivation(Activation.RELU);
  }

  private static KernelWindow window(int size, int stride) {
    return KernelWindow.square(size).withStride(stride).withPadding(size / 2);
  }

  private static WeightedOp<Convolution> folded(Parameters parameters, Convolution op) {
    return BatchNorm.folded(parameters, "convolution", "normalization", op, BatchNorm.EPSILON);
  }
}
