package dev.detr4j.model.dfine;

import dev.detr4j.model.description.Assumption;
import dev.detr4j.model.description.ModelSource;
import dev.detr4j.model.family.CheckpointFormat;
import dev.detr4j.model.family.CocoLabels;
import dev.detr4j.model.family.ModelConfig;
import dev.detr4j.model.family.RecognitionOptions;
import dev.detr4j.model.family.TensorEvidence;
import dev.detr4j.model.hgnet.HgNetConfig;
import dev.detr4j.model.names.NameTable;
import dev.detr4j.op.Activation;
import java.util.Collections;
import java.util.List;

/**
 * Peterande/D-FINE, and DEIM, which trains the same network under the same names. Released files
 * hold {@code model}, those of a training the running average under {@code ema.module}.
 */
final class OriginalFormat implements CheckpointFormat {
  static final OriginalFormat FORMAT = new OriginalFormat();

  private static final int PROPOSALS = 300;

  /** Samples of a head in all published models, on two and on three levels. */
  private static final int PUBLISHED_SAMPLES = 12;

  private static final List<List<Integer>> PUBLISHED_POINTS =
      List.of(List.of(6, 6), List.of(3, 6, 3));

  @Override
  public ModelSource source() {
    return ModelSource.D_FINE;
  }

  @Override
  public List<String> marks() {
    return List.of(
        "decoder.dec_score_head.0.weight",
        "decoder.decoder.lqe_layers.0.reg_conf.layers.0.weight",
        "decoder.decoder.layers.0.gateway.gate.weight",
        "backbone.stem.stem1.conv.weight");
  }

  @Override
  public NameTable names() {
    return NameTable.of(OriginalFormat.class, "d-fine.txt");
  }

  @Override
  public DFineConfig configuration(TensorEvidence tensors, RecognitionOptions options) {
    int levels = tensors.members("model.encoder_input_proj.", ".0.weight");
    HgNetConfig backbone = HgNetConfig.of(tensors, levels);
    int dim = tensors.extent("model.encoder.lateral_convs.0.conv.weight", 0);
    int dModel = tensors.extent("model.enc_output.0.weight", 0);
    int heads = tensors.heads();
    for (int width : new int[] {dim, dModel}) {
      if (width % 4 != 0 || width % heads != 0) {
        throw tensors.wrong(
            "tokens have %d channels, expected a multiple of 4 and of %d heads (%s)"
                .formatted(width, heads, tensors.headsFrom()));
      }
    }
    int layers = tensors.members("model.decoder.layers.", ".final_layer_norm.weight");
    return new DFineConfig(
        backbone,
        neck(tensors, dim, levels),
        new ModelConfig.TransformerConfig(
            dModel,
            tensors.members("model.encoder.aifi.0.layers.", ".final_layer_norm.weight"),
            heads,
            tensors.extent("model.encoder.aifi.0.layers.0.mlp.fc1.weight", 0),
            layers,
            heads,
            tensors.extent("model.decoder.layers.0.mlp.fc1.weight", 0),
            Activation.RELU),
        layers,
        points(tensors, levels),
        0.5,
        bins(tensors),
        quality(tensors),
        proposals(tensors, options),
        tensors.labels(tensors.extent("model.enc_score_head.weight", 0), CocoLabels.contiguous()),
        new DFineConfig.Epsilons(1e-5f, 1e-5));
  }

  private static DFineConfig.Neck neck(TensorEvidence tensors, int dim, int levels) {
    String block = "model.encoder.fpn_blocks.0.csp_rep1.";
    return new DFineConfig.Neck(
        dim,
        List.of(levels - 1),
        Activation.GELU,
        Activation.SILU,
        tensors.extent(block + "conv1.conv.weight", 0),
        tensors.members(block + "bottlenecks.", ".conv1.conv.weight"),
        10_000,
        false,
        true);
  }

  private static int bins(TensorEvidence tensors) {
    int rows = tensors.extent("model.decoder.bbox_embed.0.layers.2.weight", 0);
    if (rows % 4 != 0 || rows / 4 < 5 || rows / 4 % 2 != 1) {
      throw tensors.wrong(
          "the box head has %d rows, expected four times an odd number of bins".formatted(rows));
    }
    return rows / 4 - 1;
  }

  private static DFineConfig.Quality quality(TensorEvidence tensors) {
    String first = "model.decoder.lqe_layers.0.reg_conf.layers.";
    int columns = tensors.extent(first + "0.weight", 1);
    if (columns % 4 != 0 || columns < 8) {
      throw tensors.wrong(
          "the quality head takes %d numbers, expected some for each of four sides"
              .formatted(columns));
    }
    return new DFineConfig.Quality(
        columns / 4 - 1, tensors.extent(first + "0.weight", 0), tensors.members(first, ".weight"));
  }

  /** Only the sum over the levels shows in shapes. */
  private static List<Integer> points(TensorEvidence tensors, int levels) {
    String weights = "model.decoder.layers.0.encoder_attn.attention_weights.weight";
    int rows = tensors.extent(weights, 0);
    int samples = rows / tensors.heads();
    for (List<Integer> points : PUBLISHED_POINTS) {
      if (points.size() == levels && samples == PUBLISHED_SAMPLES && rows % tensors.heads() == 0) {
        tensors.assume(
            Assumption.of("a head takes %s samples on the levels".formatted(points), null));
        return points;
      }
    }
    if (rows % (tensors.heads() * levels) != 0) {
      throw tensors.wrong(
          "%s has %d rows, expected %d samples for each of %d heads (%s), or as many on all of %d levels"
              .formatted(
                  weights, rows, PUBLISHED_SAMPLES, tensors.heads(), tensors.headsFrom(), levels));
    }
    return Collections.nCopies(levels, samples / levels);
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
