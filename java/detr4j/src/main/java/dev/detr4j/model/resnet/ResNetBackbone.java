package dev.detr4j.model.resnet;

import dev.detr4j.model.family.Backbone;
import dev.detr4j.model.family.WeightSource;
import dev.detr4j.model.graph.DerivedWeight;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import dev.detr4j.model.layer.Parameters;
import dev.detr4j.op.Activation;
import dev.detr4j.op.Convolution;
import dev.detr4j.op.MaxPool;
import dev.detr4j.tensor.Weight;
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
  private static final double BATCH_NORM_EPSILON = 1e-5;

  private record Block(List<Convolution> convolutions, @Nullable Convolution downsample) {}

  private final Convolution stem;
  private final List<List<Block>> stages = new ArrayList<>();

  /** Reads the weights of all stages up to the last one that the neck takes. */
  public ResNetBackbone(ResNetConfig config, WeightSource source) {
    Parameters parameters = new Parameters(source, "backbone.");
    stem =
        convolution(
            parameters, "conv1", "bn1", 3, config.stemWidth(), 7, 2, 1, Activation.RELU, false);
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
    Convolution projection = block.downsample();
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
            convolution(
                block, "conv1", "bn1", in, inner, 1, firstStride, 1, Activation.RELU, false),
            convolution(
                block,
                "conv2",
                "bn2",
                inner,
                inner,
                3,
                middleStride,
                dilation,
                Activation.RELU,
                false),
            convolution(block, "conv3", "bn3", inner, width, 1, 1, 1, Activation.RELU, true)),
        downsample(config, block, stage, index));
  }

  private static Block basic(ResNetConfig config, Parameters block, int stage, int index) {
    int width = config.widths().get(stage - 1);
    int in = index == 0 ? config.inputWidth(stage) : width;
    int stride = index == 0 ? config.stride(stage) : 1;
    int dilation = index == 0 ? config.firstDilation(stage) : config.dilation(stage);
    return new Block(
        List.of(
            convolution(
                block, "conv1", "bn1", in, width, 3, stride, dilation, Activation.RELU, false),
            convolution(
                block,
                "conv2",
                "bn2",
                width,
                width,
                3,
                1,
                config.dilation(stage),
                Activation.RELU,
                true)),
        downsample(config, block, stage, index));
  }

  private static @Nullable Convolution downsample(
      ResNetConfig config, Parameters block, int stage, int index) {
    if (index != 0 || !config.hasDownsample(stage)) {
      return null;
    }
    int width = config.widths().get(stage - 1);
    return convolution(
        block,
        "downsample.0",
        "downsample.1",
        config.inputWidth(stage),
        width,
        1,
        config.stride(stage),
        1,
        Activation.NONE,
        false);
  }

  /** A convolution with "same" padding and its batch norm folded in. */
  private static Convolution convolution(
      Parameters parameters,
      String name,
      String norm,
      int in,
      int out,
      int kernel,
      int stride,
      int dilation,
      Activation activation,
      boolean residual) {
    Weight weight = parameters.tensor(name + ".weight", out, in, kernel, kernel);
    Weight gamma = parameters.tensor(norm + ".weight", out);
    Weight beta = parameters.tensor(norm + ".bias", out);
    Weight mean = parameters.tensor(norm + ".running_mean", out);
    Weight variance = parameters.tensor(norm + ".running_var", out);
    return new Convolution(
        in,
        out,
        kernel,
        kernel,
        stride,
        kernel / 2 * dilation,
        dilation,
        1,
        DerivedWeight.scaledByNorm(weight, gamma, variance, BATCH_NORM_EPSILON),
        DerivedWeight.normShift(gamma, beta, mean, variance, BATCH_NORM_EPSILON),
        activation,
        residual);
  }
}
