package dev.detr4j.model.resnet;

import dev.detr4j.error.ModelConfigException;
import dev.detr4j.model.family.Backbone;
import dev.detr4j.model.family.BackboneConfig;
import dev.detr4j.model.family.TensorEvidence;
import dev.detr4j.model.family.WeightSource;
import dev.detr4j.model.names.BackboneNames;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A ResNet "v1.5" (He et al. 2016, stride on the 3x3 convolution unless {@link #strideIn1x1}) with
 * frozen batch norm of eps 1e-5 and ReLU: a 7x7 stem of stride 2, a 3x3 max-pool of stride 2, then
 * stages of residual blocks.
 *
 * @param block the kind of residual block
 * @param stemWidth channels of the stem
 * @param depths blocks in each stage
 * @param widths output channels of each stage; the inner width of a bottleneck is a quarter of it
 * @param strideIn1x1 whether a bottleneck strides in its first 1x1 convolution
 * @param strideInFirstStage whether the first stage halves the map as the others do
 * @param outputStride how far the last stage shrinks the image: stages that would go further dilate
 *     instead (16: DC5)
 * @param taps the stages whose outputs the neck takes, counted from 1, ascending
 * @param origin whose naming and blocks these are
 */
public record ResNetConfig(
    Block block,
    int stemWidth,
    List<Integer> depths,
    List<Integer> widths,
    boolean strideIn1x1,
    boolean strideInFirstStage,
    int outputStride,
    List<Integer> taps,
    Origin origin)
    implements BackboneConfig {
  /** The kind of residual block. */
  public enum Block {
    /** Two 3x3 convolutions. */
    BASIC,
    /** 1x1, 3x3 and 1x1 convolutions, the middle at a quarter of the width. */
    BOTTLENECK
  }

  /** Whose ResNet it is. */
  public enum Origin {
    /** timm, which is what the published models use. */
    TIMM,
    /** The {@code resnet} model type of transformers, as in the {@code no_timm} revisions. */
    TRANSFORMERS
  }

  /** Copies the lists. */
  public ResNetConfig {
    depths = List.copyOf(depths);
    widths = List.copyOf(widths);
    taps = List.copyOf(taps);
  }

  /**
   * The ResNet whose tensors a checkpoint without configuration holds.
   *
   * @throws dev.detr4j.error.CheckpointException when the tensors are not those of a ResNet
   */
  public static ResNetConfig of(TensorEvidence tensors, List<Integer> taps, int outputStride) {
    boolean bottleneck = tensors.has("backbone.layer1.0.conv3.weight");
    String last = bottleneck ? ".0.conv3.weight" : ".0.conv2.weight";
    List<Integer> depths = new ArrayList<>();
    List<Integer> widths = new ArrayList<>();
    for (int stage = 1; stage <= 4; stage++) {
      String name = "backbone.layer" + stage;
      depths.add(tensors.members(name + ".", ".conv1.weight"));
      widths.add(tensors.extent(name + last, 0));
    }
    return new ResNetConfig(
        bottleneck ? Block.BOTTLENECK : Block.BASIC,
        tensors.extent("backbone.conv1.weight", 0),
        depths,
        widths,
        false,
        false,
        outputStride,
        taps,
        Origin.TIMM);
  }

  @Override
  public Backbone network(WeightSource source) {
    return new ResNetBackbone(this, source);
  }

  /** What transformers calls the tensors. */
  public BackboneNames transformersNames() {
    return new ResNetNames(this);
  }

  /**
   * The same network as transformers has it: timm's where timm has it, else its own.
   *
   * @throws ModelConfigException when it has neither
   */
  public ResNetConfig inTransformers() {
    boolean timm = timmName().isPresent();
    if (!timm && outputStride != 32) {
      throw new ModelConfigException(
          "transformers' own ResNet cannot dilate, and timm has no %s of these widths"
              .formatted(title()));
    }
    return new ResNetConfig(
        block,
        stemWidth,
        depths,
        widths,
        strideIn1x1,
        strideInFirstStage,
        outputStride,
        taps,
        timm ? Origin.TIMM : Origin.TRANSFORMERS);
  }

  /**
   * The fields of a {@code config.json} that describe this network.
   *
   * @param features the stages whose outputs the model's class asks for
   * @param chooses whether that class lets a configuration choose the stages of timm's ResNet
   */
  public Map<String, @Nullable Object> json(List<Integer> features, boolean chooses) {
    return BackboneJson.of(this, features, chooses);
  }

  @Override
  public String title() {
    int perBlock = block == Block.BOTTLENECK ? 3 : 2;
    return "ResNet-" + (2 + perBlock * depths.stream().mapToInt(Integer::intValue).sum());
  }

  @Override
  public boolean dilated() {
    return outputStride == 16;
  }

  /** What timm calls it, as in {@code resnet50}, where timm has it. */
  public Optional<String> timmName() {
    return Optional.ofNullable(BackboneReader.timmName(this));
  }

  /** Channels that enter a stage, counted from 1. */
  public int inputWidth(int stage) {
    return stage == 1 ? stemWidth : widths.get(stage - 2);
  }

  /** How far a stage, counted from 1, shrinks the map: 1 or 2. */
  public int stride(int stage) {
    return plan(stage)[0];
  }

  /**
   * The dilation (and padding) of the 3x3 convolutions of a stage, counted from 1, but for the very
   * first one, which has {@link #firstDilation}.
   */
  public int dilation(int stage) {
    return plan(stage)[1];
  }

  /**
   * The dilation of the first 3x3 convolution in the first block of a stage, counted from 1: that
   * of the stage before, as in timm and in torchvision's {@code replace_stride_with_dilation}.
   */
  public int firstDilation(int stage) {
    return plan(stage - 1)[1];
  }

  /** Whether the first block of a stage, counted from 1, has a projection beside it. */
  public boolean hasDownsample(int stage) {
    return stride(stage) != 1 || inputWidth(stage) != widths.get(stage - 1);
  }

  private int[] plan(int stage) {
    int netStride = 4;
    int dilation = 1;
    int stride = 1;
    for (int s = 1; s <= stage; s++) {
      stride = s > 1 || strideInFirstStage ? 2 : 1;
      if (netStride * stride > outputStride) {
        dilation *= stride;
        stride = 1;
      } else {
        netStride *= stride;
      }
    }
    return new int[] {stride, dilation};
  }
}
