package dev.detr4j.model.tabletransformer;

import dev.detr4j.image.PillowResampling;
import dev.detr4j.image.Preprocessing;
import dev.detr4j.image.ResamplingFilter;
import dev.detr4j.image.ResizeRule;
import dev.detr4j.model.description.Assumption;
import dev.detr4j.model.description.ModelSource;
import dev.detr4j.model.family.CheckpointFormat;
import dev.detr4j.model.family.ModelConfig;
import dev.detr4j.model.family.RecognitionOptions;
import dev.detr4j.model.family.SourceBehaviour;
import dev.detr4j.model.family.TensorEvidence;
import dev.detr4j.model.names.NameTable;
import dev.detr4j.model.resnet.ResNetConfig;
import dev.detr4j.postprocess.DetrPostprocessing;
import java.util.List;

/**
 * microsoft/table-transformer: the names of facebookresearch/detr, and a norm behind the encoder,
 * which DETR has only where its layers normalise first.
 */
final class OriginalFormat implements CheckpointFormat {
  static final OriginalFormat FORMAT = new OriginalFormat();

  private static final int DETECTION_LONGEST = 800;
  private static final int STRUCTURE_LONGEST = 1000;
  private static final List<String> DETECTION = List.of("table", "table rotated");
  private static final List<String> STRUCTURE =
      List.of(
          "table",
          "table column",
          "table row",
          "table column header",
          "table projected row header",
          "table spanning cell");

  @Override
  public ModelSource source() {
    return ModelSource.TABLE_TRANSFORMER;
  }

  @Override
  public List<String> marks() {
    return List.of(
        "transformer.decoder.layers.0.multihead_attn.in_proj_weight",
        "transformer.encoder.norm.weight");
  }

  @Override
  public NameTable names() {
    return NameTable.of(OriginalFormat.class, "table-transformer.txt");
  }

  @Override
  public TableTransformerConfig configuration(TensorEvidence tensors, RecognitionOptions options) {
    int classes = tensors.extent("class_labels_classifier.weight", 0) - 1;
    String queries = "model.query_position_embeddings.weight";
    return new TableTransformerConfig(
        ResNetConfig.of(tensors, List.of(4), 32),
        tensors.transformer(tensors.extent(queries, 1)),
        tensors.extent(queries, 0),
        classes == DETECTION.size()
            ? tensors.labels(classes, DETECTION, "of the detection model")
            : tensors.labels(classes, STRUCTURE, "of the structure model"),
        DetrPostprocessing.Candidates.BEST_IS_A_CLASS);
  }

  /** The long side of an image becomes 800 pixels to find tables, 1000 to find their parts. */
  @Override
  public SourceBehaviour behaviour(TensorEvidence tensors, ModelConfig config) {
    int longest = longest((TableTransformerConfig) config);
    tensors.assume(Assumption.of("the long side of an image becomes " + longest + " pixels", null));
    SourceBehaviour standard = SourceBehaviour.of(source());
    Preprocessing images = standard.preprocessing();
    return standard.with(
        new Preprocessing(
            new ResizeRule.LongestEdge(longest),
            new PillowResampling(ResamplingFilter.BICUBIC),
            images.normalisation(),
            images.pad(),
            images.padSize()));
  }

  /** The long side of the images that a model was trained for. */
  static int longest(TableTransformerConfig config) {
    return config.labels().size() >= STRUCTURE.size() ? STRUCTURE_LONGEST : DETECTION_LONGEST;
  }
}
