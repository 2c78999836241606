package dev.detr4j.checkpoint;

import dev.detr4j.Assumption;
import dev.detr4j.CheckpointException;
import dev.detr4j.ModelSource;
import dev.detr4j.op.Activation;
import dev.detr4j.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Infers the model of a checkpoint that comes without a configuration.
 *
 * <p>The source shows in names that only one project uses. Everything else is read from shapes
 * under canonical names. What no shape tells is assumed as in the published models, and said: the
 * number of heads, whether the last stage dilates, how many proposals a two-stage model keeps, and
 * what the classes are called.
 */
final class Recognition {
  /** Heads of every published model; only heads times points shows in shapes. */
  private static final int HEADS = 8;

  private static final int PROPOSALS = 300;
  private static final int MOST_MEMBERS = 256;
  private static final String WRAPPER = "module.";
  private static final String DILATED = "-dc5";
  private static final String LABELS = "labels FILE";

  /** Tensors that a checkpoint of the source has and none of the others. */
  private static final Map<ModelSource, List<String>> MARKS =
      Map.of(
          ModelSource.HUGGING_FACE,
          List.of("model.encoder.layers.0.self_attn_layer_norm.weight"),
          ModelSource.DETR,
          List.of("transformer.decoder.layers.0.multihead_attn.in_proj_weight"),
          ModelSource.DEFORMABLE_DETR,
          List.of("transformer.level_embed", "backbone.0.body.conv1.weight"),
          ModelSource.DETREX,
          List.of("transformer.level_embeds", "backbone.stem.conv1.weight"),
          ModelSource.MMDETECTION,
          List.of("bbox_head.cls_branches.0.weight"),
          ModelSource.BIRDER,
          List.of("transformer.level_embed", "backbone.stem.0.weight"));

  private final Checkpoint checkpoint;
  private final String prefix;
  private final ModelSource source;
  private final NameTable table;
  private final List<Assumption> assumed = new ArrayList<>();

  private Recognition(Checkpoint checkpoint, ModelSource source, String prefix) {
    this.checkpoint = checkpoint;
    this.source = source;
    this.prefix = prefix;
    this.table = NameTable.of(source);
  }

  static RecognisedModel of(Checkpoint checkpoint, RecognitionOptions options) {
    String prefix =
        !checkpoint.names().isEmpty()
                && checkpoint.names().stream().allMatch(name -> name.startsWith(WRAPPER))
            ? WRAPPER
            : "";
    List<ModelSource> fitting = new ArrayList<>();
    for (ModelSource source : ModelSource.values()) {
      List<String> marks = MARKS.getOrDefault(source, List.of());
      if (marks.stream().allMatch(mark -> checkpoint.find(prefix + mark).isPresent())) {
        fitting.add(source);
      }
    }
    ModelSource source = choose(checkpoint, options, fitting);
    if (source == ModelSource.HUGGING_FACE) {
      throw new CheckpointException(
          "checkpoint %s: its tensors have Hugging Face names; expected a config.json beside it"
              .formatted(checkpoint.container()));
    }
    return new Recognition(checkpoint, source, prefix).model(options);
  }

  private static ModelSource choose(
      Checkpoint checkpoint, RecognitionOptions options, List<ModelSource> fitting) {
    ModelSource asked = options.source();
    if (asked != null && fitting.contains(asked)) {
      return asked;
    }
    if (asked == null && fitting.size() == 1) {
      return fitting.getFirst();
    }
    List<String> names = checkpoint.names();
    String seen =
        names.stream().limit(3).map(OneLine::of).collect(Collectors.joining(", "))
            + (names.size() > 3 ? ", …" : "");
    throw new CheckpointException(
        "checkpoint %s: %s (%d tensors: %s)"
            .formatted(
                checkpoint.container(),
                asked != null
                    ? "source "
                        + asked.id()
                        + " was asked for, but its names are those of "
                        + (fitting.isEmpty() ? "no known source" : ids(fitting))
                    : fitting.isEmpty()
                        ? "its names are those of no known source, expected one of "
                            + ids(List.of(ModelSource.values()))
                        : "its names fit " + ids(fitting) + ", expected one source",
                names.size(),
                seen));
  }

  private static String ids(List<ModelSource> sources) {
    return sources.stream().map(ModelSource::id).collect(Collectors.joining(", "));
  }

  private RecognisedModel model(RecognitionOptions options) {
    boolean deformable = source != ModelSource.DETR;
    int levels = deformable ? extent("model.level_embed", 0) : 1;
    // Only models with a single map were published with a dilated last stage.
    boolean mayDilate = levels == 1 && source != ModelSource.BIRDER;
    String asked = options.variant();
    boolean dilate = mayDilate && asked != null && asked.endsWith(DILATED);
    assumed.add(
        new Assumption("attention has " + HEADS + " heads, as in all published models", null));
    ModelConfig config =
        deformable ? deformable(options, levels, dilate ? 16 : 32) : detr(dilate ? 16 : 32);
    if (options.proposals() != null
        && !(config instanceof DeformableDetrConfig found && found.twoStage())) {
      throw wrong(
          "%d proposals were asked for, but the tensors are those of %s, which has queries of its own"
              .formatted(options.proposals(), config.variant()));
    }
    if (asked != null && !asked.equals(config.variant())) {
      String base = config.variant().replace(DILATED, "");
      throw wrong(
          "variant %s was asked for, but the tensors are those of %s%s"
              .formatted(OneLine.of(asked), base, mayDilate ? " or " + base + DILATED : ""));
    }
    if (asked == null && mayDilate) {
      assumed.add(
          new Assumption(
              "the last stage of the backbone does not dilate",
              "variant " + config.variant() + DILATED));
    }
    return new RecognisedModel(
        source, config, new TableNames(source, config, prefix), input(), assumed);
  }

  /** Only birder's files say something of their images, and then of both. */
  private StoredInput input() {
    if (source != ModelSource.BIRDER) {
      return StoredInput.NONE;
    }
    StoredInput input = BirderMetadata.of(checkpoint).input();
    if (input.statistics().isEmpty()) {
      assumed.add(new Assumption("images have the statistics that birder takes by default", null));
    }
    if (input.size().isEmpty()) {
      assumed.add(
          new Assumption("the short side of an image becomes 640 pixels, whatever the long", null));
    }
    return input;
  }

  private DetrConfig detr(int outputStride) {
    int classes = extent("class_labels_classifier.weight", 0) - 1;
    int dModel = extent("model.query_position_embeddings.weight", 1);
    return new DetrConfig(
        resnet(List.of(4), outputStride),
        transformer(dModel),
        extent("model.query_position_embeddings.weight", 0),
        labels(classes));
  }

  private DeformableDetrConfig deformable(
      RecognitionOptions options, int levels, int outputStride) {
    boolean twoStage = has("model.enc_output.weight");
    boolean refine = twoStage || refines();
    int dModel = extent("model.level_embed", 1);
    int taps = 0;
    while (taps < levels && extent("model.input_proj." + taps + ".0.weight", 2) == 1) {
      taps++;
    }
    if (taps < 1 || taps > 4 || dModel % 32 != 0) {
      throw wrong(
          "the neck has %d of %d levels on maps of the backbone and %d channels, expected 1 to 4 and a multiple of 32"
              .formatted(taps, levels, dModel));
    }
    List<Integer> stages = List.of(1, 2, 3, 4).subList(4 - taps, 4);
    int queries;
    Integer proposals = options.proposals();
    if (!twoStage) {
      queries = extent("model.query_position_embeddings.weight", 0);
    } else if (proposals != null) {
      queries = proposals;
    } else {
      queries = PROPOSALS;
      assumed.add(
          new Assumption("the " + PROPOSALS + " best proposals become queries", "proposals N"));
    }
    return new DeformableDetrConfig(
        source == ModelSource.BIRDER ? convNext(stages) : resnet(stages, outputStride),
        transformer(dModel),
        levels,
        points("model.encoder.layers.0.self_attn.attention_weights.weight", levels),
        points("model.decoder.layers.0.encoder_attn.attention_weights.weight", levels),
        refine,
        twoStage,
        queries,
        labels(extent("class_embed.0.weight", 0)),
        switch (source) {
          case DETREX -> DeformableDetrConfig.Numerics.DETREX;
          case MMDETECTION -> DeformableDetrConfig.Numerics.MMDETECTION;
          case BIRDER -> DeformableDetrConfig.Numerics.BIRDER;
          default -> DeformableDetrConfig.Numerics.STANDARD;
        });
  }

  private int points(String weights, int levels) {
    int rows = extent(weights, 0);
    int each = HEADS * levels;
    if (rows % each != 0 || rows == 0) {
      throw wrong(
          "%s has %d rows, expected a multiple of %d heads x %d levels"
              .formatted(weights, rows, HEADS, levels));
    }
    return rows / each;
  }

  private ModelConfig.TransformerConfig transformer(int dModel) {
    if (dModel < HEADS || dModel % HEADS != 0) {
      throw wrong("tokens have " + dModel + " channels, expected a multiple of " + HEADS);
    }
    return new ModelConfig.TransformerConfig(
        dModel,
        members("model.encoder.layers.", ".final_layer_norm.weight"),
        HEADS,
        extent("model.encoder.layers.0.mlp.fc1.weight", 0),
        members("model.decoder.layers.", ".final_layer_norm.weight"),
        HEADS,
        extent("model.decoder.layers.0.mlp.fc1.weight", 0),
        Activation.RELU);
  }

  /**
   * Whether each decoder layer has a box head of its own. Most projects then store the heads as
   * members of the decoder as well; mmdetection's names are the same either way, but its values are
   * not.
   */
  private boolean refines() {
    List<String> names = table.inFile("bbox_embed.0.layers.2.weight", 0);
    if (names.size() > 1) {
      return checkpoint.find(prefix + names.get(1)).isPresent();
    }
    Optional<StoredTensor> first = find("bbox_embed.0.layers.2.weight");
    Optional<StoredTensor> second = find("bbox_embed.1.layers.2.weight");
    return first.isPresent()
        && second.isPresent()
        && first.get().bytes().mismatch(second.get().bytes()) >= 0;
  }

  private ResNetConfig resnet(List<Integer> taps, int outputStride) {
    boolean bottleneck = has("backbone.layer1.0.conv3.weight");
    String last = bottleneck ? ".0.conv3.weight" : ".0.conv2.weight";
    List<Integer> depths = new ArrayList<>();
    List<Integer> widths = new ArrayList<>();
    for (int stage = 1; stage <= 4; stage++) {
      String name = "backbone.layer" + stage;
      depths.add(members(name + ".", ".conv1.weight"));
      widths.add(extent(name + last, 0));
    }
    return new ResNetConfig(
        bottleneck ? ResNetConfig.Block.BOTTLENECK : ResNetConfig.Block.BASIC,
        extent("backbone.conv1.weight", 0),
        depths,
        widths,
        false,
        false,
        outputStride,
        taps,
        ResNetConfig.Origin.TIMM);
  }

  /** Members of a stage behind the first are counted from its reduction, which is member 0. */
  private ConvNextV2Config convNext(List<Integer> taps) {
    if (!has("backbone.body.stage1.0.block.5.gamma")) {
      throw wrong(
          "the backbone has no backbone.body.stage1.0.block.5.gamma, supported of birder is ConvNeXt V2");
    }
    List<Integer> depths = new ArrayList<>();
    List<Integer> widths = new ArrayList<>();
    for (int stage = 1; stage <= 4; stage++) {
      String name = "backbone.body.stage" + stage + ".";
      int first = stage == 1 ? 0 : 1;
      int count = 0;
      while (count < MOST_MEMBERS && has(name + (first + count) + ".block.0.weight")) {
        count++;
      }
      depths.add(count);
      widths.add(extent(name + first + ".block.0.weight", 0));
    }
    return new ConvNextV2Config(depths, widths, taps);
  }

  private List<String> labels(int classes) {
    List<String> known =
        switch (source) {
          case BIRDER -> CocoLabels.birder();
          case DETREX, MMDETECTION -> CocoLabels.contiguous();
          default -> CocoLabels.byId();
        };
    if (classes < 1) {
      throw wrong("the class head has " + classes + " classes, expected at least 1");
    }
    Optional<List<String>> stored =
        source == ModelSource.BIRDER
            ? BirderMetadata.of(checkpoint).labels(classes)
            : Optional.empty();
    if (stored.isPresent()) {
      return stored.get();
    }
    if (classes == known.size()) {
      assumed.add(new Assumption("the " + classes + " classes are those of COCO", LABELS));
      return known;
    }
    List<String> labels = new ArrayList<>();
    for (int i = 0; i < classes; i++) {
      labels.add("LABEL_" + i);
    }
    assumed.add(
        new Assumption(
            "the " + classes + " classes are called LABEL_0 to LABEL_" + (classes - 1), LABELS));
    return labels;
  }

  /** How many members of a list are there, from 0 on. */
  private int members(String list, String tensor) {
    int count = 0;
    while (count < MOST_MEMBERS && has(list + count + tensor)) {
      count++;
    }
    if (count == 0) {
      throw wrong("there is no " + list + "0" + tensor);
    }
    return count;
  }

  private boolean has(String canonicalName) {
    return find(canonicalName).isPresent();
  }

  private Optional<StoredTensor> find(String canonicalName) {
    return table.inFile(canonicalName, 0).stream()
        .map(name -> checkpoint.find(prefix + name))
        .flatMap(Optional::stream)
        .findFirst();
  }

  private int extent(String canonicalName, int axis) {
    Shape shape =
        find(canonicalName)
            .orElseThrow(() ->
                wrong(
                    "there is no "
                        + String.join(" or ", table.inFile(canonicalName, 0))
                        + ", expected in a checkpoint of "
                        + source.id()))
            .shape();
    if (shape.rank() <= axis || shape.get(axis) < 1) {
      throw wrong(canonicalName + " has shape " + shape);
    }
    return shape.get(axis);
  }

  private CheckpointException wrong(String what) {
    return new CheckpointException("checkpoint " + checkpoint.container() + ": " + what);
  }
}
