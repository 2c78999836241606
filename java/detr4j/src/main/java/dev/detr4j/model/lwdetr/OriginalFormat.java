package dev.detr4j.model.lwdetr;

import dev.detr4j.model.description.Assumption;
import dev.detr4j.model.description.ModelSource;
import dev.detr4j.model.family.CheckpointFormat;
import dev.detr4j.model.family.CocoLabels;
import dev.detr4j.model.family.RecognitionOptions;
import dev.detr4j.model.family.TensorEvidence;
import dev.detr4j.model.names.NameTable;
import dev.detr4j.model.vit.VitConfig;
import dev.detr4j.model.vit.VitDetrConfig;
import dev.detr4j.model.vit.VitEvidence;
import dev.detr4j.op.Activation;
import java.util.List;

/** Atten4Vis/LW-DETR. Its files hold {@code model}. */
final class OriginalFormat implements CheckpointFormat {
  static final OriginalFormat FORMAT = new OriginalFormat();

  private static final int HEADS = 12;
  private static final int WINDOWS = 4;
  private static final String VIT = "model.backbone.backbone.";

  @Override
  public ModelSource source() {
    return ModelSource.LW_DETR;
  }

  @Override
  public List<String> marks() {
    return List.of(
        "refpoint_embed.weight",
        "transformer.enc_out_class_embed.0.weight",
        "backbone.0.encoder.pos_embed",
        "backbone.0.projector.stages.0.0.cv1.conv.weight");
  }

  @Override
  public NameTable names() {
    return NameTable.of(OriginalFormat.class, "lw-detr.txt");
  }

  @Override
  public VitDetrConfig configuration(TensorEvidence tensors, RecognitionOptions options) {
    String cells = VIT + "embeddings.patch_embeddings.projection.weight";
    int channels = tensors.extent(cells, 0);
    int blocks = tensors.members(VIT + "encoder.layer.", ".norm1.weight");
    VitEvidence evidence = new VitEvidence(tensors, options);
    List<Integer> taken =
        evidence.taken(blocks == 6 ? List.of(1, 3, 5) : List.of(2, 4, 5, 9), blocks, channels);
    List<Integer> windowed =
        tensors
            .records()
            .numbers("window_block_indexes")
            .orElse(blocks == 6 ? List.of(0, 2, 4) : List.of(0, 1, 3, 6, 7, 9));
    if (channels % HEADS != 0) {
      throw tensors.wrong(
          "the backbone has %d channels, expected a multiple of %d heads"
              .formatted(channels, HEADS));
    }
    tensors.assume(
        Assumption.of(
            "the backbone has %d heads, blocks %s attend in %d x %d windows and the maps behind %s are taken"
                .formatted(HEADS, windowed, WINDOWS, WINDOWS, taken),
            null));
    VitConfig backbone =
        LwDetrFamily.plain(
            channels,
            blocks,
            HEADS,
            tensors.extent(VIT + "encoder.layer.0.mlp.fc1.weight", 0),
            Activation.GELU,
            tensors.extent(cells, 2),
            WINDOWS,
            windowed,
            taken,
            evidence.positions(),
            1e-6f);
    return evidence.configuration(
        LwDetrFamily.LW_DETR,
        "LW-DETR",
        LwDetrFamily.variant(backbone),
        backbone,
        evidence.neck(true, 1e-5),
        tensors.labels(tensors.extent("class_embed.weight", 0), CocoLabels.byId()));
  }
}
