package dev.detr4j.model.vit;

import dev.detr4j.error.OneLine;
import dev.detr4j.json.JsonObject;
import dev.detr4j.model.family.ModelConfig.TransformerConfig;
import dev.detr4j.model.family.TransformersConfig;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The fields of a {@code config.json} that LW-DETR and RF-DETR share, read and written. Absent ones
 * take the defaults of transformers; what would change the numbers and is not computed is refused.
 */
public final class VitFields {
  private static final int MOST_CHANNELS = 1 << 16;
  private static final int MOST_LAYERS = 256;
  private static final int MOST_PIXELS = 1 << 16;

  private final JsonObject json;
  private final TransformersConfig config;

  /** Refuses what no reader below looks at. */
  public VitFields(JsonObject json, TransformersConfig config) {
    this.json = json;
    this.config = config;
    if (!json.bool("attention_bias", true)) {
      throw json.wrong("attention_bias is false, supported is true");
    }
    if (json.has("backbone")) {
      throw json.wrong("backbone is set, supported is a backbone_config");
    }
    if (json.integer("d_model", 256, 4, MOST_CHANNELS) % 4 != 0) {
      throw json.wrong("d_model is %d, expected a multiple of 4".formatted(dModel()));
    }
  }

  private int dModel() {
    return json.integer("d_model", 256, 4, MOST_CHANNELS);
  }

  /** The fields of the backbone, whose type is checked; nothing when there are none. */
  public Optional<JsonObject> backbone(String type) {
    if (!json.has("backbone_config")) {
      return Optional.empty();
    }
    JsonObject given = json.object("backbone_config");
    String found = given.string("model_type", "");
    if (!found.equals(type)) {
      throw given.wrong("model_type is \"%s\", supported is %s".formatted(OneLine.of(found), type));
    }
    if (given.integer("num_channels", 3, 1, MOST_CHANNELS) != 3) {
      throw given.wrong("num_channels is not 3 (RGB)");
    }
    return Optional.of(given);
  }

  /** Refuses a flag of a backbone that has another value than the one that is computed. */
  public static void require(JsonObject backbone, String flag, boolean value) {
    if (backbone.bool(flag, value) != value) {
      throw backbone.wrong("%s is %s, supported is %s".formatted(flag, !value, value));
    }
  }

  /** Pixels on a side: a number, or two equal ones. */
  public static int side(JsonObject backbone, String field, int absent) {
    if (!backbone.isList(field)) {
      return backbone.integer(field, absent, 1, MOST_PIXELS);
    }
    List<Integer> sides = backbone.integers(field, 1, MOST_PIXELS);
    if (sides.size() != 2 || !sides.get(0).equals(sides.get(1))) {
      throw backbone.wrong("%s is %s, supported is a square".formatted(field, sides));
    }
    return sides.getFirst();
  }

  /** A number of blocks, heads, windows or channels. */
  public static int count(JsonObject backbone, String field, int absent) {
    return backbone.integer(field, absent, 1, MOST_CHANNELS);
  }

  /**
   * After how many blocks the projector takes a map: {@code out_indices}, or the same as {@code
   * out_features}, whose first is {@code stem}.
   */
  public static List<Integer> taken(JsonObject backbone, int blocks, List<Integer> absent) {
    List<Integer> taken = absent;
    if (backbone.has("out_indices")) {
      taken = backbone.integers("out_indices", 1, blocks);
    } else if (backbone.has("out_features")) {
      taken = new ArrayList<>();
      for (String name : backbone.strings("out_features")) {
        taken.add(stage(backbone, name, blocks));
      }
    }
    for (int i = 0; i < taken.size(); i++) {
      if (taken.get(i) > blocks || (i > 0 && taken.get(i) <= taken.get(i - 1))) {
        throw backbone.wrong(
            "the maps %s are taken, expected ascending numbers up to the %d blocks"
                .formatted(taken, blocks));
      }
    }
    if (taken.isEmpty()) {
      throw backbone.wrong("no maps are taken, expected out_indices or out_features");
    }
    return taken;
  }

  private static int stage(JsonObject backbone, String name, int blocks) {
    for (int i = 1; i <= blocks; i++) {
      if (name.equals("stage" + i)) {
        return i;
      }
    }
    throw backbone.wrong(
        "out_features holds \"%s\", expected stage1 to stage%d"
            .formatted(OneLine.of(name), blocks));
  }

  /** The decoder. */
  public TransformerConfig transformer() {
    int dModel = dModel();
    int heads = json.integer("decoder_self_attention_heads", 8, 1, dModel);
    int ffnDim = json.integer("decoder_ffn_dim", 2048, 1, MOST_CHANNELS);
    divides("decoder_self_attention_heads", heads);
    return new TransformerConfig(
        dModel,
        0,
        heads,
        ffnDim,
        json.integer("decoder_layers", 3, 1, MOST_LAYERS),
        heads,
        ffnDim,
        config.activation("decoder_activation_function", "relu"));
  }

  /** Heads of the deformable attention. */
  public int crossHeads() {
    int heads = json.integer("decoder_cross_attention_heads", 16, 1, dModel());
    divides("decoder_cross_attention_heads", heads);
    return heads;
  }

  private void divides(String field, int heads) {
    if (dModel() % heads != 0) {
      throw json.wrong(
          "d_model is %d, expected a multiple of %s = %d".formatted(dModel(), field, heads));
    }
  }

  /** Sampling points of a head. */
  public int points() {
    return json.integer("decoder_n_points", 4, 1, 64);
  }

  /** Sets of queries in the checkpoint. */
  public int groups() {
    return json.integer("group_detr", 13, 1, MOST_LAYERS);
  }

  /**
   * The projector.
   *
   * @param epsilon the field with what its norms add to variances
   */
  public VitDetrConfig.Neck neck(boolean hasBatchNorms, String epsilon) {
    double expansion = positive(json, "hidden_expansion", 0.5);
    double hidden = Math.floor(expansion * dModel());
    if (hidden < 1 || hidden > MOST_CHANNELS) {
      throw json.wrong(
          "hidden_expansion is %s, expected 1 to %d channels".formatted(expansion, MOST_CHANNELS));
    }
    return new VitDetrConfig.Neck(
        (int) hidden,
        json.integer("c2f_num_blocks", 3, 1, MOST_LAYERS),
        config.activation("activation_function", "silu"),
        hasBatchNorms,
        positive(json, epsilon, 1e-5));
  }

  /** A number that has to be positive. */
  public static double positive(JsonObject json, String field, double absent) {
    double number = json.number(field, absent);
    if (!(number > 0 && Double.isFinite(number))) {
      throw json.wrong("%s is %s, expected a positive number".formatted(field, number));
    }
    return number;
  }

  /** The fields of the decoder, of the queries and of the projector. */
  public static Map<String, @Nullable Object> json(VitDetrConfig own) {
    TransformerConfig transformer = own.transformer();
    VitDetrConfig.Neck neck = own.neck();
    Map<String, @Nullable Object> json = new LinkedHashMap<>();
    json.put("d_model", transformer.dModel());
    json.put("num_queries", own.numQueries());
    json.put("group_detr", own.groups());
    json.put("num_feature_levels", 1);
    json.put("decoder_layers", transformer.decoderLayers());
    json.put("decoder_self_attention_heads", transformer.decoderHeads());
    json.put("decoder_cross_attention_heads", own.crossHeads());
    json.put("decoder_n_points", own.points());
    json.put("decoder_ffn_dim", transformer.decoderFfnDim());
    json.put("decoder_activation_function", TransformersConfig.name(transformer.activation()));
    json.put("attention_bias", true);
    // Half a channel more, because transformers takes the floor of the product.
    json.put("hidden_expansion", (neck.hidden() + 0.5) / transformer.dModel());
    json.put("c2f_num_blocks", neck.blocks());
    json.put("activation_function", TransformersConfig.name(neck.activation()));
    return json;
  }
}
