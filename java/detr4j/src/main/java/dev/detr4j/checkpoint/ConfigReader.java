package dev.detr4j.checkpoint;

import dev.detr4j.ModelConfigException;
import dev.detr4j.op.Activation;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads the {@code config.json} of Hugging Face DETR and Deformable DETR models, of transformers
 * 4.x and 5.x alike.
 *
 * <p>Absent fields take the defaults of transformers' configuration classes. A setting that would
 * change the numbers and is not supported is an error, never passed over.
 */
final class ConfigReader {
  private static final int MOST_CHANNELS = 1 << 16;
  private static final int MOST_LAYERS = 256;
  private static final int MOST_QUERIES = 100_000;
  private static final int MOST_LABELS = 1_000_000;

  private final JsonObject json;

  private ConfigReader(JsonObject json) {
    this.json = json;
  }

  /** Reads and checks the file; throws {@link ModelConfigException}. */
  static ModelConfig read(Path configJson) {
    return read(JsonObject.read(configJson, ModelConfigException::new));
  }

  /** Checks an object that has been parsed already. */
  static ModelConfig read(JsonObject json) {
    String type = json.string("model_type", "");
    ConfigReader reader = new ConfigReader(json);
    return switch (type) {
      case "detr" -> reader.detr();
      case "deformable_detr" -> reader.deformable();
      default ->
          throw json.wrong(
              (type.isEmpty()
                      ? "model_type is missing"
                      : "model_type is \"" + OneLine.of(type) + "\"")
                  + ", supported are detr and deformable_detr");
    };
  }

  private DetrConfig detr() {
    checkCommon("DetrForObjectDetection");
    ResNetConfig backbone = new BackboneReader(json, List.of(1, 2, 3, 4), true).read();
    return new DetrConfig(backbone, transformer(2048), queries("num_queries", 100), labels());
  }

  private DeformableDetrConfig deformable() {
    checkCommon("DeformableDetrForObjectDetection");
    int levels = json.integer("num_feature_levels", 4, 1, 16);
    ResNetConfig backbone =
        new BackboneReader(json, levels > 1 ? List.of(2, 3, 4) : List.of(4), false).read();
    int taps = backbone.taps().size();
    if (levels < taps || (levels == 1 && taps != 1)) {
      throw json.wrong(
          "num_feature_levels is %d, but the backbone hands out %d feature maps, expected at most as many"
              .formatted(levels, taps));
    }
    ModelConfig.TransformerConfig transformer = transformer(1024);
    if (transformer.dModel() % 32 != 0) {
      throw json.wrong(
          "d_model is "
              + transformer.dModel()
              + ", expected a multiple of the 32 groups of the input projection's norm");
    }
    boolean refine = json.bool("with_box_refine", false);
    boolean twoStage = json.bool("two_stage", false);
    if (twoStage && !refine) {
      throw json.wrong("two_stage is true and with_box_refine is false, expected both to be true");
    }
    return new DeformableDetrConfig(
        backbone,
        transformer,
        levels,
        json.integer("encoder_n_points", 4, 1, 64),
        json.integer("decoder_n_points", 4, 1, 64),
        refine,
        twoStage,
        twoStage ? queries("two_stage_num_proposals", 300) : queries("num_queries", 300),
        labels(),
        DeformableDetrConfig.Numerics.STANDARD);
  }

  /** Refuses what no reader below looks at but the model would compute differently. */
  private void checkCommon(String architecture) {
    if (json.has("architectures")) {
      List<String> architectures = json.strings("architectures");
      if (!architectures.isEmpty() && !architectures.contains(architecture)) {
        throw json.wrong(
            "architectures is "
                + OneLine.of(architectures.toString())
                + ", expected "
                + architecture);
      }
    }
    String position = json.string("position_embedding_type", "sine");
    if (!position.equals("sine")) {
      throw json.wrong(
          "position_embedding_type is \"" + OneLine.of(position) + "\", supported is sine");
    }
    for (String preNorm : List.of("pre_norm", "normalize_before")) {
      if (json.bool(preNorm, false)) {
        throw json.wrong(preNorm + " is true, supported are post-norm transformers only");
      }
    }
    int channels = json.integer("num_channels", 3, 1, MOST_CHANNELS);
    if (channels != 3) {
      throw json.wrong("num_channels is " + channels + ", expected 3 (RGB)");
    }
  }

  private ModelConfig.TransformerConfig transformer(int ffnDim) {
    int dModel =
        json.integer(json.has("d_model") ? "d_model" : "hidden_size", 256, 4, MOST_CHANNELS);
    String encoderHeads =
        json.has("encoder_attention_heads") ? "encoder_attention_heads" : "num_attention_heads";
    // Only DetrConfig maps num_hidden_layers, but the classes that do not never write another value
    // there.
    String encoderLayers =
        json.has("encoder_layers") || !json.string("model_type").equals("detr")
            ? "encoder_layers"
            : "num_hidden_layers";
    ModelConfig.TransformerConfig transformer =
        new ModelConfig.TransformerConfig(
            dModel,
            json.integer(encoderLayers, 6, 1, MOST_LAYERS),
            json.integer(encoderHeads, 8, 1, dModel),
            json.integer("encoder_ffn_dim", ffnDim, 1, MOST_CHANNELS),
            json.integer("decoder_layers", 6, 1, MOST_LAYERS),
            json.integer("decoder_attention_heads", 8, 1, dModel),
            json.integer("decoder_ffn_dim", ffnDim, 1, MOST_CHANNELS),
            activation());
    if (dModel % 4 != 0) {
      throw json.wrong(
          "d_model is " + dModel + ", expected a multiple of 4 (sine and cosine of two axes)");
    }
    for (int heads : new int[] {transformer.encoderHeads(), transformer.decoderHeads()}) {
      if (dModel % heads != 0) {
        throw json.wrong(
            "d_model is " + dModel + ", expected a multiple of the " + heads + " attention heads");
      }
    }
    return transformer;
  }

  private Activation activation() {
    String name = json.string("activation_function", "relu");
    return switch (name) {
      case "relu" -> Activation.RELU;
      case "gelu" -> Activation.GELU;
      default ->
          throw json.wrong(
              "activation_function is \"" + OneLine.of(name) + "\", supported are relu and gelu");
    };
  }

  private int queries(String name, int absent) {
    return json.integer(name, absent, 1, MOST_QUERIES);
  }

  /**
   * The class names. As in transformers their number is the size of {@code id2label}, else {@code
   * num_labels}, else 2; an index without a name is called {@code LABEL_i}.
   */
  private List<String> labels() {
    JsonObject names = json.has("id2label") ? json.object("id2label") : null;
    int count =
        names != null ? names.names().size() : json.integer("num_labels", 2, 1, MOST_LABELS);
    if (count < 1) {
      throw json.wrong("id2label is empty, expected at least one label");
    }
    List<String> labels = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      String key = Integer.toString(i);
      labels.add(names != null && names.has(key) ? names.string(key) : "LABEL_" + i);
    }
    return labels;
  }
}
