package dev.detr4j.model.family;

import dev.detr4j.error.OneLine;
import dev.detr4j.json.JsonObject;
import dev.detr4j.op.Activation;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The fields of a {@code config.json} that the families share, of transformers 4.x and 5.x alike:
 * read here, and written.
 *
 * <p>Absent fields take the defaults of transformers' configuration classes. A setting that would
 * change the numbers and is not supported is an error, never passed over.
 */
public final class TransformersConfig {
  private static final int MOST_CHANNELS = 1 << 16;
  private static final int MOST_LAYERS = 256;
  private static final int MOST_QUERIES = 100_000;

  private final JsonObject json;

  /**
   * Refuses what no reader below looks at but the model would compute differently.
   *
   * @param architecture the class of the family's models
   */
  public TransformersConfig(JsonObject json, String architecture) {
    this(json, architecture, false);
  }

  /**
   * As above.
   *
   * @param maybePreNorm whether the family has layers that normalise first, if asked for
   */
  public TransformersConfig(JsonObject json, String architecture, boolean maybePreNorm) {
    this.json = json;
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
      if (!maybePreNorm && json.bool(preNorm, false)) {
        throw json.wrong(preNorm + " is true, supported are post-norm transformers only");
      }
    }
    int channels = json.integer("num_channels", 3, 1, MOST_CHANNELS);
    if (channels != 3) {
      throw json.wrong("num_channels is " + channels + ", expected 3 (RGB)");
    }
  }

  /**
   * Refuses {@code auxiliary_loss}, with which some of transformers' classes feed the decoder's
   * final norm back after every layer, at inference too.
   */
  public void refuseAuxiliaryLoss() {
    if (json.bool("auxiliary_loss", false)) {
      throw json.wrong(
          "auxiliary_loss is true, expected false: transformers would normalise after every decoder layer");
    }
  }

  /**
   * The encoder-decoder.
   *
   * @param encoderLayers the field that counts the encoder's layers
   * @param ffnDim the width of the feed-forward networks where the fields are absent
   */
  public ModelConfig.TransformerConfig transformer(String encoderLayers, int ffnDim) {
    int dModel =
        json.integer(json.has("d_model") ? "d_model" : "hidden_size", 256, 4, MOST_CHANNELS);
    String encoderHeads =
        json.has("encoder_attention_heads") ? "encoder_attention_heads" : "num_attention_heads";
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
    return activation("activation_function", "relu");
  }

  /** The activation that a field names: relu, gelu or silu. */
  public Activation activation(String field, String absent) {
    String name = json.string(field, absent);
    return switch (name) {
      case "relu" -> Activation.RELU;
      case "gelu" -> Activation.GELU;
      case "silu", "swish" -> Activation.SILU;
      default ->
          throw json.wrong(
              "%s is \"%s\", supported are relu, gelu and silu".formatted(field, OneLine.of(name)));
    };
  }

  /** What transformers calls an activation. */
  public static String name(Activation activation) {
    return activation.name().toLowerCase(Locale.ROOT);
  }

  /** A number of object queries or proposals. */
  public int queries(String name, int absent) {
    return json.integer(name, absent, 1, MOST_QUERIES);
  }

  /** The class names, as transformers reads them. */
  public List<String> labels() {
    return ConfigLabels.read(json);
  }

  /** The first fields of the {@code config.json} of a family, in the style of published ones. */
  public static Map<String, @Nullable Object> head(ModelFamily family) {
    Map<String, @Nullable Object> json = new LinkedHashMap<>();
    json.put("architectures", List.of(family.architecture()));
    json.put("model_type", family.modelType());
    return json;
  }

  /** The fields of the encoder-decoder. */
  public static Map<String, @Nullable Object> json(ModelConfig.TransformerConfig transformer) {
    Map<String, @Nullable Object> json = new LinkedHashMap<>();
    json.put("d_model", transformer.dModel());
    json.put("encoder_layers", transformer.encoderLayers());
    json.put("encoder_attention_heads", transformer.encoderHeads());
    json.put("encoder_ffn_dim", transformer.encoderFfnDim());
    json.put("decoder_layers", transformer.decoderLayers());
    json.put("decoder_attention_heads", transformer.decoderHeads());
    json.put("decoder_ffn_dim", transformer.decoderFfnDim());
    json.put("activation_function", name(transformer.activation()));
    return json;
  }

  /** The last fields: what all these models have alike, and the class names. */
  public static Map<String, @Nullable Object> tail(List<String> labels) {
    Map<String, @Nullable Object> json = new LinkedHashMap<>();
    json.put("auxiliary_loss", false);
    json.put("position_embedding_type", "sine");
    json.put("torch_dtype", "float32");
    Map<String, @Nullable Object> names = new LinkedHashMap<>();
    Map<String, @Nullable Object> ids = new LinkedHashMap<>();
    for (int i = 0; i < labels.size(); i++) {
      names.put(Integer.toString(i), labels.get(i));
      // Several ids may have one name, as the unused ones do; transformers keeps the last.
      if (labels.lastIndexOf(labels.get(i)) == i) {
        ids.put(labels.get(i), i);
      }
    }
    json.put("id2label", names);
    json.put("label2id", ids);
    return json;
  }
}
