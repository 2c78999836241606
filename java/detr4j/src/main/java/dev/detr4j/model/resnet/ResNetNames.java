package dev.detr4j.model.resnet;

import dev.detr4j.model.names.BackboneNames;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The names of a ResNet in Hugging Face checkpoints: timm's, which are torchvision's, or those of
 * transformers' own {@code ResNetBackbone}. Both are accepted, that of the configuration first.
 */
final class ResNetNames implements BackboneNames {
  private static final Pattern STEM = Pattern.compile("(conv|bn)1\\.(.+)");
  private static final Pattern BLOCK =
      Pattern.compile("layer(\\d+)\\.(\\d+)\\.(conv|bn)(\\d+)\\.(.+)");
  private static final Pattern DOWNSAMPLE =
      Pattern.compile("layer(\\d+)\\.(\\d+)\\.downsample\\.([01])\\.(.+)");
  private static final Pattern STAGE_IN_FILE = Pattern.compile("encoder\\.stages\\.(\\d)\\..*");

  private final ResNetConfig config;

  ResNetNames(ResNetConfig config) {
    this.config = config;
  }

  @Override
  public List<String> spellings(String name) {
    return config.origin() == ResNetConfig.Origin.TIMM
        ? List.of(name, transformers(name))
        : List.of(transformers(name), name);
  }

  /** transformers' own ResNet keeps the stages behind the last tap, where timm drops them. */
  @Override
  public boolean unused(String name) {
    Matcher stage = STAGE_IN_FILE.matcher(name);
    return stage.matches()
        && Integer.parseInt(stage.group(1)) >= config.stages()
        && Integer.parseInt(stage.group(1)) < config.depths().size();
  }

  /** The name in transformers' {@code ResNetBackbone} of a tensor that torchvision calls so. */
  private static String transformers(String name) {
    Matcher stem = STEM.matcher(name);
    if (stem.matches()) {
      return "embedder.embedder." + layer(stem.group(1)) + stem.group(2);
    }
    Matcher block = BLOCK.matcher(name);
    if (block.matches()) {
      int convolution = Integer.parseInt(block.group(4)) - 1;
      return stage(block) + "layer." + convolution + "." + layer(block.group(3)) + block.group(5);
    }
    Matcher downsample = DOWNSAMPLE.matcher(name);
    if (downsample.matches()) {
      return stage(downsample) + "shortcut." + layer(downsample.group(3)) + downsample.group(4);
    }
    return name;
  }

  private static String stage(Matcher block) {
    return "encoder.stages."
        + (Integer.parseInt(block.group(1)) - 1)
        + ".layers."
        + block.group(2)
        + ".";
  }

  private static String layer(String conv) {
    return conv.equals("conv") || conv.equals("0") ? "convolution." : "normalization.";
  }
}
