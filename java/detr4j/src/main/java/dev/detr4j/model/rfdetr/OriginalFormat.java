package dev.detr4j.model.rfdetr;

import dev.detr4j.model.description.Assumption;
import dev.detr4j.model.description.ModelSource;
import dev.detr4j.model.family.CheckpointFormat;
import dev.detr4j.model.family.CocoLabels;
import dev.detr4j.model.family.ModelConfig;
import dev.detr4j.model.family.RecognitionOptions;
import dev.detr4j.model.family.SourceBehaviour;
import dev.detr4j.model.family.StoredInput;
import dev.detr4j.model.family.TensorEvidence;
import dev.detr4j.model.family.TrainingRecords;
import dev.detr4j.model.names.NameTable;
import dev.detr4j.model.vit.VitConfig;
import dev.detr4j.model.vit.VitDetrConfig;
import dev.detr4j.model.vit.VitEvidence;
import dev.detr4j.op.Activation;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** roboflow/rf-detr. Its files hold {@code model}, and {@code args} of the training run. */
final class OriginalFormat implements CheckpointFormat {
  static final OriginalFormat FORMAT = new OriginalFormat();

  private static final int HEAD_CHANNELS = 64;

  /** Patches of the base model; all others have larger ones. */
  private static final int BASE_PATCH = 14;

  private static final String VIT = "model.backbone.backbone.";

  @Override
  public ModelSource source() {
    return ModelSource.RF_DETR;
  }

  @Override
  public List<String> marks() {
    return List.of(
        "refpoint_embed.weight",
        "transformer.enc_out_class_embed.0.weight",
        "backbone.0.encoder.encoder.embeddings.cls_token",
        "backbone.0.projector.stages.0.0.cv1.conv.weight");
  }

  @Override
  public NameTable names() {
    return NameTable.of(OriginalFormat.class, "rf-detr.txt");
  }

  /** {@inheritDoc} The original's norms of the projector have the epsilon of the others. */
  @Override
  public VitDetrConfig configuration(TensorEvidence tensors, RecognitionOptions options) {
    VitEvidence evidence = new VitEvidence(tensors, options);
    VitConfig backbone = backbone(tensors, evidence);
    int layers = tensors.members("model.decoder.layers.", ".layer_norm.weight");
    return evidence.configuration(
        RfDetrFamily.RF_DETR,
        "RF-DETR",
        RfDetrFamily.variant(backbone, layers),
        backbone,
        evidence.neck(false, 1e-6),
        labels(tensors));
  }

  /**
   * The names of the training run where they fit, counted from 1 as the project's {@code
   * class_names} counts them; logit 0 has none.
   */
  private static List<String> labels(TensorEvidence tensors) {
    int classes = tensors.extent("class_embed.weight", 0);
    Optional<List<String>> recorded = tensors.records().names("class_names");
    if (recorded.isEmpty() || recorded.get().size() + 1 != classes) {
      return tensors.labels(classes, CocoLabels.byId());
    }
    tensors.assume(
        Assumption.ofLabels(
            "the %d classes from number 1 on have the names of args.class_names"
                .formatted(classes - 1)));
    List<String> labels = new ArrayList<>();
    labels.add(CocoLabels.UNUSED);
    labels.addAll(recorded.get());
    return List.copyOf(labels);
  }

  private static VitConfig backbone(TensorEvidence tensors, VitEvidence evidence) {
    String cells = VIT + "embeddings.patch_embeddings.projection.weight";
    int channels = tensors.extent(cells, 0);
    int patch = tensors.extent(cells, 2);
    if (channels % HEAD_CHANNELS != 0) {
      throw tensors.wrong(
          "the backbone has %d channels, expected a multiple of %d"
              .formatted(channels, HEAD_CHANNELS));
    }
    int blocks = tensors.members(VIT + "encoder.layer.", ".norm1.weight");
    List<Integer> published = patch == BASE_PATCH ? List.of(2, 5, 8, 11) : List.of(3, 6, 9, 12);
    List<Integer> taken = evidence.taken(published, blocks, channels);
    return RfDetrFamily.dino(
        channels,
        blocks,
        channels / HEAD_CHANNELS,
        tensors.extent(VIT + "encoder.layer.0.mlp.fc1.weight", 0),
        Activation.GELU,
        patch,
        windows(tensors, patch, taken),
        taken,
        evidence.positions(),
        1e-6f);
  }

  /** As the file's records say, else as in the published models of that patch. */
  private static int windows(TensorEvidence tensors, int patch, List<Integer> taken) {
    Optional<TrainingRecords.Named<Integer>> recorded = tensors.records().number("num_windows");
    if (recorded.isPresent()) {
      return recorded.get().value();
    }
    int windows = patch == BASE_PATCH ? 4 : 2;
    tensors.assume(
        Assumption.of(
            "the backbone attends in %d x %d windows and the maps behind blocks %s are taken, as in published models with patches of %d pixels"
                .formatted(windows, windows, taken, patch),
            null));
    return windows;
  }

  /** {@inheritDoc} Images have the size of the training run, else that of the published model. */
  @Override
  public SourceBehaviour behaviour(TensorEvidence tensors, ModelConfig config) {
    VitDetrConfig own = (VitDetrConfig) config;
    Optional<TrainingRecords.Named<Integer>> recorded = tensors.records().number("resolution");
    int published = RfDetrFamily.resolution(own);
    int side = recorded.map(TrainingRecords.Named::value).orElse(published);
    if (recorded.isEmpty()) {
      tensors.assume(
          Assumption.of("images are brought to %dx%d pixels".formatted(side, side), null));
    }
    int step = own.backbone().pixelsPerStep();
    if (side % step != 0) {
      throw tensors.wrong("args.resolution is %d, expected a multiple of %d".formatted(side, step));
    }
    return SourceBehaviour.of(source())
        .with(
            new StoredInput(
                Optional.empty(), Optional.of(new StoredInput.Size(side, side, false))));
  }
}
