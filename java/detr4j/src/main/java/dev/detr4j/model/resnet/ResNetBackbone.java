package dev.detr4j.model.resnet;

import dev.detr4j.model.family.Backbone;
import dev.detr4j.model.family.WeightSource;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import dev.detr4j.model.layer.BatchNorm;
import dev.detr4j.model.layer.Parameters;
import dev.detr4j.op.Activation;
import dev.detr4j.op.Convolution;
import dev.detr4j.op.KernelWindow;
import dev.detr4j.op.MaxPool;
import dev.detr4j.op.WeightedOp;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * ResNet (He et al. 2016, the "v1.5" variant) with batch normalisation folded into the
 * convolutions.
 *
 * <p>Names are torchvision's below {@code backbone.}; see {@link ResNetConfig} for the geometry.
 */
public final class ResNetBackbone implements Backbone {
  private record Block(
      List<WeightedOp<Convolution>> convolutions, @Nullable WeightedOp<Convolution> downsample) {}

  private final WeightedOp<Convolution> stem;
  private final List<List<Block>> stages = new ArrayList<>();

  /** Reads the weights of all stages up to the last one that the neck takes. */
  public ResNetBackbone(ResNetConfig config, WeightSource source) {
    Parameters parameters = new Parameters(source, "backbone.");
    stem = numbered(parameters, 1, relu(3, config.stemWidth(), window(7, 2, 1)));
    for (int stage = 1; stage <= config.stages(); stage++) {
      List<Block> blocks = new ArrayList<>();
      for (int b = 0; b < config.depths().get(stage - 1); b++) {
        Parameters block = parameters.under("layer" + stage).under(b);
        blocks.add(
            config.block() == ResNetConfig.Block.BOTTLENECK
                ? bottleneck(config, block, stage, b)
                : basic(config, block, stage, b));
      }
      stages.add(blocks);
    }
  }

  @Override
  public List<Value> add(Graph.Builder graph, Value image) {
    Value x = graph.add("backbone.stem", stem, image);
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
    WeightedOp<Convolution> projection = block.downsample();
    Value shortcut = projection == null ? x : graph.add(label + ".downsample", projection, x);
    Value y = x;
    int last = block.convolutions().size() - 1;
    for (int i = 0; i < last; i++) {
      y = graph.add(label + ".conv" + (i + 1), block.convolutions().get(i), y);
    }
    return graph.add(label + ".conv" + (last + 1), block.convolutions().get(last), y, shortcut);
  }

  private static Block bottleneck(ResNetConfig config, Parameters block, int stage, int index) {
    int width = config.widths().get(stage - 1);
    int inner = width / 4;
    int in = index == 0 ? config.inputWidth(stage) : width;
    int stride = index == 0 ? config.stride(stage) : 1;
    int dilation = index == 0 ? config.firstDilation(stage) : config.dilation(stage);
    int firstStride = config.strideIn1x1() ? stride : 1;
    int middleStride = config.strideIn1x1() ? 1 : stride;
    return new Block(
        List.of(
            numbered(block, 1, relu(in, inner, window(1, firstStride, 1))),
            numbered(block, 2, relu(inner, inner, window(3, middleStride, dilation))),
            numbered(block, 3, relu(inner, width, KernelWindow.PIXEL).withResidual())),
        downsample(config, block, stage, index));
  }

  private static Block basic(ResNetConfig config, Parameters block, int stage, int index) {
    int width = config.widths().get(stage - 1);
    int in = index == 0 ? config.inputWidth(stage) : width;
    int stride = index == 0 ? config.stride(stage) : 1;
    int dilation = index == 0 ? config.firstDilation(stage) : config.dilation(stage);
    return new Block(
        List.of(
            numbered(block, 1, relu(in, width, window(3, stride, dilation))),
            numbered(
                block, 2, relu(width, width, window(3, 1, config.dilation(stage))).withResidual())),
        downsample(config, block, stage, index));
  }

  private static @Nullable WeightedOp<Convolution> downsample(
      ResNetConfig config, Parameters block, int stage, int index) {
    if (index != 0 || !config.hasDownsample(stage)) {
      return null;
    }
    Convolution op =
        Convolution.of(
            config.inputWidth(stage),
            config.widths().get(stage - 1),
            window(1, config.stride(stage), 1));
    return BatchNorm.folded(block, "downsample.0", "downsample.1", op, BatchNorm.EPSILON);
  }

  private static Convolution relu(int in, int out, KernelWindow window) {
    return Convolution.of(in, out, window).withActivation(Activation.RELU);
  }

  /** A square window whose padding keeps the map's extents at stride 1. */
  private static KernelWindow window(int size, int stride, int dilation) {
    return KernelWindow.square(size)
        .withStride(stride)
        .withPadding(size / 2 * dilation)
        .withDilation(dilation);
  }

  private static WeightedOp<Convolution> numbered(Parameters parameters, int i, Convolution op) {
    return BatchNorm.folded(parameters, "conv" + i, "bn" + i, op, BatchNorm.EPSILON);
  }
}
