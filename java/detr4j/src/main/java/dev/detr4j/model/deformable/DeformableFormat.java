package dev.detr4j.model.deformable;

import dev.detr4j.model.deformable.DeformableDetrConfig.Numerics;
import dev.detr4j.model.description.Assumption;
import dev.detr4j.model.description.ModelSource;
import dev.detr4j.model.family.BackboneConfig;
import dev.detr4j.model.family.CheckpointFormat;
import dev.detr4j.model.family.ModelConfig;
import dev.detr4j.model.family.RecognitionOptions;
import dev.detr4j.model.family.TensorEvidence;
import dev.detr4j.model.family.TrainingRecords;
import dev.detr4j.model.names.NameTable;
import dev.detr4j.model.resnet.ResNetConfig;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * How a project stores Deformable DETR in files of its own; all but birder on a ResNet. Immutable
 * and thread-safe.
 */
class DeformableFormat implements CheckpointFormat {
  private static final int PROPOSALS = 300;

  private final ModelSource source;
  private final Numerics numerics;
  private final Supplier<List<String>> coco;
  private final List<String> marks;

  /**
   * A format.
   *
   * @param coco COCO's class names as the project counts them
   * @param marks see {@link #marks}
   */
  DeformableFormat(
      ModelSource source, Numerics numerics, Supplier<List<String>> coco, List<String> marks) {
    this.source = source;
    this.numerics = numerics;
    this.coco = coco;
    this.marks = List.copyOf(marks);
  }

  @Override
  public ModelSource source() {
    return source;
  }

  @Override
  public List<String> marks() {
    return marks;
  }

  @Override
  public NameTable names() {
    return NameTable.of(DeformableFormat.class, source.id() + ".txt");
  }

  @Override
  public DeformableDetrConfig configuration(TensorEvidence tensors, RecognitionOptions options) {
    int levels = tensors.extent("model.level_embed", 0);
    // Only models with a single map were published with a dilated last stage.
    boolean dilated = mayDilate() && tensors.dilates(levels == 1);
    boolean twoStage = tensors.has("model.enc_output.weight");
    boolean refine = twoStage || refines(tensors);
    int dModel = tensors.extent("model.level_embed", 1);
    int taps = 0;
    while (taps < levels && tensors.extent("model.input_proj." + taps + ".0.weight", 2) == 1) {
      taps++;
    }
    if (taps < 1 || taps > 4 || dModel % 32 != 0) {
      throw tensors.wrong(
          "the neck has %d of %d levels on maps of the backbone and %d channels, expected 1 to 4 and a multiple of 32"
              .formatted(taps, levels, dModel));
    }
    int queries = queries(tensors, options, twoStage);
    BackboneConfig backbone =
        backbone(tensors, List.of(1, 2, 3, 4).subList(4 - taps, 4), dilated ? 16 : 32);
    ModelConfig.TransformerConfig transformer = tensors.transformer(dModel);
    int encoderPoints =
        points(tensors, "model.encoder.layers.0.self_attn.attention_weights.weight", levels);
    int decoderPoints =
        points(tensors, "model.decoder.layers.0.encoder_attn.attention_weights.weight", levels);
    if (options.heads() == null) {
      tensors.records().agree("enc_n_points", encoderPoints);
      tensors.records().agree("dec_n_points", decoderPoints);
    }
    return new DeformableDetrConfig(
        backbone,
        transformer,
        levels,
        encoderPoints,
        decoderPoints,
        refine,
        twoStage,
        queries,
        labels(tensors, tensors.extent("class_embed.0.weight", 0)),
        numerics);
  }

  /** Whether the project publishes models whose last stage dilates. */
  boolean mayDilate() {
    return true;
  }

  /** The backbone that the tensors describe. */
  BackboneConfig backbone(TensorEvidence tensors, List<Integer> taps, int outputStride) {
    return ResNetConfig.of(tensors, taps, outputStride);
  }

  /** The class names, from the file where it has them. */
  List<String> labels(TensorEvidence tensors, int classes) {
    return tensors.labels(classes, coco.get());
  }

  private static int queries(TensorEvidence tensors, RecognitionOptions options, boolean twoStage) {
    if (!twoStage) {
      return tensors.extent("model.query_position_embeddings.weight", 0);
    }
    Integer proposals = options.proposals();
    if (proposals != null) {
      return proposals;
    }
    Optional<TrainingRecords.Named<Integer>> recorded = tensors.records().queries();
    if (recorded.isPresent()) {
      return recorded.get().value();
    }
    tensors.assume(
        Assumption.of("the " + PROPOSALS + " best proposals become queries", "proposals N"));
    return PROPOSALS;
  }

  private static int points(TensorEvidence tensors, String weights, int levels) {
    int rows = tensors.extent(weights, 0);
    long each = (long) tensors.heads() * levels;
    if (rows % each != 0) {
      throw tensors.wrong(
          "%s has %d rows, expected a multiple of %d heads (%s) x %d levels"
              .formatted(weights, rows, tensors.heads(), tensors.headsFrom(), levels));
    }
    return (int) (rows / each);
  }

  /**
   * Whether each decoder layer has a box head of its own. Most projects then store the heads as
   * members of the decoder as well; mmdetection's names are the same either way, but its values are
   * not.
   */
  private static boolean refines(TensorEvidence tensors) {
    String first = "bbox_embed.0.layers.2.weight";
    return tensors.knowsAlias(first)
        ? tensors.hasAlias(first)
        : tensors.differ(first, "bbox_embed.1.layers.2.weight");
  }
}
