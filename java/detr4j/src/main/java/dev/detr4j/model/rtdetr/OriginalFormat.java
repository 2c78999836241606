package dev.detr4j.model.rtdetr;

import dev.detr4j.model.description.Assumption;
import dev.detr4j.model.description.ModelSource;
import dev.detr4j.model.family.CheckpointFormat;
import dev.detr4j.model.family.CocoLabels;
import dev.detr4j.model.family.ModelConfig;
import dev.detr4j.model.family.RecognitionOptions;
import dev.detr4j.model.family.TensorEvidence;
import dev.detr4j.model.names.NameTable;
import dev.detr4j.model.resnet.ResNetVdConfig;
import dev.detr4j.op.Activation;
import java.util.ArrayList;
import java.util.List;

/**
 * lyuwenyu/RT-DETR, its first and second version, on ResNet-vd. Files hold the running average of
 * training under {@code ema.module}.
 */
final class OriginalFormat implements CheckpointFormat {
  static final OriginalFormat V1 = new OriginalFormat(false);
  static final OriginalFormat V2 = new OriginalFormat(true);

  /** What the name of a variant ends in whose samples are values of single cells. */
  static final String DISCRETE = "-discrete";

  private static final List<Integer> TAPS = List.of(2, 3, 4);
  private static final String SCALES = "decoder.decoder.layers.0.cross_attn.num_points_scale";
  private static final int PROPOSALS = 300;

  /** Of the six layers of the medium model, the one that is read. */
  private static final int MEDIUM_LAYERS = 3;

  private final boolean second;

  private OriginalFormat(boolean second) {
    this.second = second;
  }

  @Override
  public ModelSource source() {
    return ModelSource.RT_DETR;
  }

  @Override
  public List<String> marks() {
    List<String> marks = new ArrayList<>();
    marks.add("decoder.dec_score_head.0.weight");
    marks.add("backbone.res_layers.0.blocks.0.branch2a.conv.weight");
    if (second) {
      marks.add(SCALES);
    }
    return List.copyOf(marks);
  }

  @Override
  public NameTable names() {
    return NameTable.of(OriginalFormat.class, "rt-detr.txt");
  }

  @Override
  public RtDetrConfig configuration(TensorEvidence tensors, RecognitionOptions options) {
    ResNetVdConfig backbone = ResNetVdConfig.of(tensors, TAPS);
    int dim = tensors.extent("model.encoder.lateral_convs.0.conv.weight", 0);
    int dModel = tensors.extent("model.enc_output.0.weight", 0);
    int heads = tensors.heads();
    int levels = tensors.members("model.decoder_input_proj.", ".0.weight");
    for (int width : new int[] {dim, dModel}) {
      if (width % 4 != 0 || width % heads != 0) {
        throw tensors.wrong(
            "tokens have %d channels, expected a multiple of 4 and of %d heads (%s)"
                .formatted(width, heads, tensors.headsFrom()));
      }
    }
    if (levels != TAPS.size()) {
      throw tensors.wrong("the decoder samples " + levels + " levels, expected " + TAPS.size());
    }
    HybridEncoderConfig encoder =
        new HybridEncoderConfig(
            dim,
            List.of(TAPS.size() - 1),
            Activation.GELU,
            Activation.SILU,
            tensors.extent("model.encoder.fpn_blocks.0.conv1.conv.weight", 0),
            10_000,
            false,
            true);
    int stored = tensors.members("model.decoder.layers.", ".final_layer_norm.weight");
    RtDetrConfig found =
        new RtDetrConfig(
            second ? RtDetrFamily.RT_DETR_V2 : RtDetrFamily.RT_DETR,
            backbone,
            encoder,
            new ModelConfig.TransformerConfig(
                dModel,
                tensors.members("model.encoder.aifi.0.layers.", ".final_layer_norm.weight"),
                heads,
                tensors.extent("model.encoder.aifi.0.layers.0.mlp.fc1.weight", 0),
                stored,
                heads,
                tensors.extent("model.decoder.layers.0.mlp.fc1.weight", 0),
                Activation.RELU),
            stored,
            levels,
            points(tensors, levels),
            second
                ? new RtDetrConfig.Sampling(true, 0.5, discrete(tensors, options))
                : RtDetrConfig.Sampling.V1,
            proposals(tensors, options),
            tensors.labels(
                tensors.extent("model.enc_score_head.weight", 0), CocoLabels.contiguous()),
            RtDetrConfig.Epsilons.PUBLISHED);
    return stored > MEDIUM_LAYERS && found.variant().contains("-m")
        ? medium(tensors, found)
        : found;
  }

  /** The project reads the medium model behind its third layer. */
  private static RtDetrConfig medium(TensorEvidence tensors, RtDetrConfig found) {
    tensors.assume(
        Assumption.of(
            "predictions are those of decoder layer %d of %d, as in the published medium models"
                .formatted(MEDIUM_LAYERS, found.storedDecoderLayers()),
            null));
    ModelConfig.TransformerConfig all = found.transformer();
    return new RtDetrConfig(
        found.family(),
        found.backbone(),
        found.encoder(),
        new ModelConfig.TransformerConfig(
            all.dModel(),
            all.encoderLayers(),
            all.encoderHeads(),
            all.encoderFfnDim(),
            MEDIUM_LAYERS,
            all.decoderHeads(),
            all.decoderFfnDim(),
            all.activation()),
        found.storedDecoderLayers(),
        found.numFeatureLevels(),
        found.points(),
        found.sampling(),
        found.numQueries(),
        found.labels(),
        found.epsilons());
  }

  private static int points(TensorEvidence tensors, int levels) {
    String weights = "model.decoder.layers.0.encoder_attn.attention_weights.weight";
    int rows = tensors.extent(weights, 0);
    int each = tensors.heads() * levels;
    if (rows % each != 0) {
      throw tensors.wrong(
          "%s has %d rows, expected a multiple of %d heads (%s) x %d levels"
              .formatted(weights, rows, tensors.heads(), tensors.headsFrom(), levels));
    }
    return rows / each;
  }

  private static boolean discrete(TensorEvidence tensors, RecognitionOptions options) {
    String asked = options.variant();
    if (asked == null) {
      tensors.assume(Assumption.of("samples are bilinear", "variant ending in " + DISCRETE));
    }
    return asked != null && asked.endsWith(DISCRETE);
  }

  private static int proposals(TensorEvidence tensors, RecognitionOptions options) {
    Integer asked = options.proposals();
    if (asked != null) {
      return asked;
    }
    tensors.assume(
        Assumption.of("the " + PROPOSALS + " best proposals become queries", "proposals N"));
    return PROPOSALS;
  }
}
