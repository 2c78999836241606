package dev.detr4j.model.vit;

import dev.detr4j.model.family.ModelConfig;
import dev.detr4j.model.family.ModelFamily;
import dev.detr4j.model.family.RecognitionOptions;
import dev.detr4j.model.family.TensorEvidence;
import dev.detr4j.model.family.TrainingRecords;
import dev.detr4j.op.Activation;
import java.util.List;

/**
 * What the tensors of an original checkpoint say of a detector on a vision transformer, beyond its
 * backbone.
 */
public final class VitEvidence {
  private static final int SELF_HEADS = 8;
  private static final int CROSS_HEADS = 16;

  private final TensorEvidence tensors;
  private final RecognitionOptions options;

  /** Of one file. */
  public VitEvidence(TensorEvidence tensors, RecognitionOptions options) {
    this.tensors = tensors;
    this.options = options;
  }

  /** Cells on a side of the stored position code, which has one row beside them. */
  public int positions() {
    int stored = tensors.extent("model.backbone.backbone.embeddings.position_embeddings", 1) - 1;
    int side = (int) Math.round(Math.sqrt(stored));
    if (stored < 1 || side * side != stored) {
      throw tensors.wrong(
          "the backbone has %d positions, expected a square number and one more"
              .formatted(stored + 1));
    }
    return side;
  }

  /**
   * After how many blocks the projector takes a map: as the file's records say, else as published.
   *
   * @throws dev.detr4j.error.CheckpointException when the tensors are of other maps
   */
  public List<Integer> taken(List<Integer> published, int blocks, int channels) {
    List<Integer> taken = tensors.records().numbers("out_feature_indexes").orElse(published);
    checkMaps(taken, blocks, channels);
    for (int i = 0; i < taken.size(); i++) {
      if (taken.get(i) < 1 || (i > 0 && taken.get(i) <= taken.get(i - 1))) {
        throw tensors.wrong(
            "args.out_feature_indexes is %s, expected ascending numbers from 1".formatted(taken));
      }
    }
    return taken;
  }

  private void checkMaps(List<Integer> taken, int blocks, int channels) {
    int maps = tensors.extent("model.backbone.projector.projector_layer.conv1.conv.weight", 1);
    if (blocks < taken.getLast() || maps != taken.size() * channels) {
      throw tensors.wrong(
          "the backbone has %d blocks and the projector takes %d channels, expected at least %d and %d maps of %d"
              .formatted(blocks, maps, taken.getLast(), taken.size(), channels));
    }
  }

  /** The projector. */
  public VitDetrConfig.Neck neck(boolean hasBatchNorms, double epsilon) {
    String bottlenecks = "model.backbone.projector.projector_layer.bottlenecks.";
    return new VitDetrConfig.Neck(
        tensors.extent(bottlenecks + "0.conv1.conv.weight", 0),
        tensors.members(bottlenecks, ".conv1.conv.weight"),
        Activation.SILU,
        hasBatchNorms,
        epsilon);
  }

  /** The whole model. */
  public VitDetrConfig configuration(
      ModelFamily family,
      String architecture,
      String variant,
      VitConfig backbone,
      VitDetrConfig.Neck neck,
      List<String> labels) {
    tensors.records().requireOn("bbox_reparam");
    tensors.records().requireOn("lite_refpoint_refine");
    int dModel = tensors.extent("model.decoder.layernorm.weight", 0);
    int layers = tensors.members("model.decoder.layers.", ".layer_norm.weight");
    Integer asked = options.heads();
    int heads = asked == null ? heads("sa_nheads", SELF_HEADS, dModel) : fitting(asked, dModel);
    int crossHeads = heads("ca_nheads", CROSS_HEADS, dModel);
    int samples = tensors.extent("model.decoder.layers.0.cross_attn.attention_weights.weight", 0);
    if (samples % crossHeads != 0) {
      throw tensors.wrong(
          "the decoder takes %d samples, expected a multiple of %d heads"
              .formatted(samples, crossHeads));
    }
    int groups = tensors.members("model.enc_output.", ".weight");
    int rows = tensors.extent("model.query_feat.weight", 0);
    if (rows % groups != 0) {
      throw tensors.wrong(
          "there are %d queries, expected a multiple of the %d groups".formatted(rows, groups));
    }
    Integer proposals = options.proposals();
    if (proposals != null && proposals != rows / groups) {
      throw tensors.wrong(
          "%d proposals were asked for, but the model has learned %d queries"
              .formatted(proposals, rows / groups));
    }
    int ffnDim = tensors.extent("model.decoder.layers.0.mlp.fc1.weight", 0);
    return new VitDetrConfig(
        family,
        architecture,
        variant,
        backbone,
        neck,
        new ModelConfig.TransformerConfig(
            dModel, 0, heads, ffnDim, layers, heads, ffnDim, Activation.RELU),
        crossHeads,
        samples / crossHeads,
        rows / groups,
        groups,
        labels);
  }

  /** As the file's records say, else as published. */
  private int heads(String argument, int published, int dModel) {
    return fitting(
        tensors.records().number(argument).map(TrainingRecords.Named::value).orElse(published),
        dModel);
  }

  private int fitting(int heads, int dModel) {
    if (dModel % heads != 0) {
      throw tensors.wrong(
          "tokens have %d channels, expected a multiple of %d heads".formatted(dModel, heads));
    }
    return heads;
  }
}
