package dev.detr4j.checkpoint;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The names in Hugging Face checkpoints of DETR and Deformable DETR.
 *
 * <p>Accepted are the names of published 4.x files ({@code backbone.conv_encoder.}, {@code fc1},
 * {@code out_proj}) and those of the 5.x modules ({@code backbone.}, {@code mlp.fc1}, {@code
 * o_proj}), mixed freely; a timm backbone or transformers' own ResNet; and both names of the heads
 * that a deformable decoder shares with the model:
 *
 * <ul>
 *   <li>Without box refinement all {@code class_embed.k} are one layer, and so are all {@code
 *       bbox_embed.k}. A file may hold one or all of them. Predictions come from the last decoder
 *       layer, so its copy is preferred, then copy 0.
 *   <li>With box refinement {@code bbox_embed} is also {@code model.decoder.bbox_embed}, in
 *       two-stage models {@code class_embed} is also {@code model.decoder.class_embed}.
 *       transformers drops either name when it saves.
 * </ul>
 *
 * <p>transformers 5 leaves tied names apart when a file holds different values under them, and then
 * predicts with the last decoder layer's copy; here different values are an error.
 */
public final class HuggingFaceNames implements TensorNames {
  private record Rule(Pattern canonical, String inFile) {
    Rule(String canonical, String inFile) {
      this(Pattern.compile(canonical), inFile);
    }
  }

  /** Each rule offers one more spelling; the first spelling is the one published files have. */
  private static final List<Rule> SPELLINGS =
      List.of(
          new Rule("(?<=layers\\.\\d{1,3}\\.)mlp\\.fc", "fc"),
          new Rule("\\.o_proj\\.", ".out_proj."));

  private static final List<String> BACKBONE_PREFIXES =
      List.of("model.backbone.conv_encoder.model.", "model.backbone.model.");

  private static final Pattern STEM = Pattern.compile("(conv|bn)1\\.(.+)");
  private static final Pattern BLOCK =
      Pattern.compile("layer(\\d+)\\.(\\d+)\\.(conv|bn)(\\d+)\\.(.+)");
  private static final Pattern DOWNSAMPLE =
      Pattern.compile("layer(\\d+)\\.(\\d+)\\.downsample\\.([01])\\.(.+)");
  private static final Pattern HEAD = Pattern.compile("(class_embed|bbox_embed)\\.(\\d+)\\.(.+)");
  private static final Pattern STAGE_IN_FILE =
      Pattern.compile(
          "model\\.backbone\\.(?:conv_encoder\\.)?model\\.encoder\\.stages\\.(\\d+)\\..*");

  private final ModelConfig config;
  private final ResNetConfig backbone;

  /** The names of a model with this configuration, whose backbone is a ResNet. */
  public HuggingFaceNames(ModelConfig config) {
    this.config = config;
    if (!(config.backbone() instanceof ResNetConfig resnet)) {
      throw new IllegalArgumentException(
          "Hugging Face has no " + config.backbone().title() + " here");
    }
    this.backbone = resnet;
  }

  @Override
  public List<String> candidates(String canonicalName) {
    Set<String> names = new LinkedHashSet<>();
    if (canonicalName.startsWith("backbone.")) {
      String inside = canonicalName.substring("backbone.".length());
      boolean timm = backbone.origin() == ResNetConfig.Origin.TIMM;
      for (String spelling :
          List.of(timm ? inside : nativeResNet(inside), timm ? nativeResNet(inside) : inside)) {
        BACKBONE_PREFIXES.forEach(prefix -> names.add(prefix + spelling));
      }
    } else {
      names.addAll(heads(canonicalName));
      for (Rule rule : SPELLINGS) {
        List<String> more = new ArrayList<>();
        names.forEach(name -> more.add(rule.canonical.matcher(name).replaceAll(rule.inFile)));
        more.addAll(names);
        names.clear();
        names.addAll(more);
      }
    }
    return List.copyOf(names);
  }

  /**
   * The name under which transformers stores a tensor when it saves: the published spelling, and of
   * tied heads copy 0.
   */
  public String published(String canonicalName) {
    Matcher head = HEAD.matcher(canonicalName);
    if (config instanceof DeformableDetrConfig deformable
        && !deformable.withBoxRefine()
        && head.matches()) {
      return head.group(1) + ".0." + head.group(3);
    }
    return candidates(canonicalName).getFirst();
  }

  @Override
  public boolean unused(String fileName) {
    return fileName.endsWith(".num_batches_tracked")
        || isAuxiliaryHead(fileName)
        || isBehindLastTap(fileName);
  }

  private List<String> heads(String canonicalName) {
    Matcher head = HEAD.matcher(canonicalName);
    if (!(config instanceof DeformableDetrConfig deformable) || !head.matches()) {
      return List.of(canonicalName);
    }
    if (!deformable.withBoxRefine()) {
      int last = deformable.transformer().decoderLayers() - 1;
      UnaryOperator<String> copy = k -> head.group(1) + "." + k + "." + head.group(3);
      return List.of(copy.apply(Integer.toString(last)), copy.apply("0"));
    }
    boolean shared = head.group(1).equals("bbox_embed") || deformable.twoStage();
    return shared
        ? List.of("model.decoder." + canonicalName, canonicalName)
        : List.of(canonicalName);
  }

  /** A head of a decoder layer that only the auxiliary losses of training look at. */
  private boolean isAuxiliaryHead(String fileName) {
    if (!(config instanceof DeformableDetrConfig deformable)) {
      return false;
    }
    String plain =
        fileName.startsWith("model.decoder.")
            ? fileName.substring("model.decoder.".length())
            : fileName;
    Matcher head = HEAD.matcher(plain);
    if (!head.matches() || head.group(2).length() > 3) {
      return false;
    }
    // With refinement every box head is used, and of the class heads the last and, in two-stage
    // models, the one after.
    boolean auxiliary = head.group(1).equals("class_embed") || !deformable.withBoxRefine();
    return auxiliary
        && Integer.parseInt(head.group(2)) < deformable.transformer().decoderLayers() - 1;
  }

  /** transformers' own ResNet keeps the stages behind the last tap, where timm drops them. */
  private boolean isBehindLastTap(String fileName) {
    Matcher stage = STAGE_IN_FILE.matcher(fileName);
    return stage.matches()
        && stage.group(1).length() == 1
        && Integer.parseInt(stage.group(1)) >= backbone.stages()
        && Integer.parseInt(stage.group(1)) < backbone.depths().size();
  }

  /**
   * The name in transformers' {@code ResNetBackbone} of a tensor that torchvision calls {@code
   * name}.
   */
  private static String nativeResNet(String name) {
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
