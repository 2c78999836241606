package dev.detr4j.model.rtdetr;

import dev.detr4j.error.ModelConfigException;
import dev.detr4j.error.OneLine;
import dev.detr4j.json.JsonObject;
import dev.detr4j.model.family.CheckpointFormat;
import dev.detr4j.model.family.ModelConfig;
import dev.detr4j.model.family.ModelFamily;
import dev.detr4j.model.family.TransformersConfig;
import dev.detr4j.model.family.TransformersForm;
import dev.detr4j.model.names.HuggingFaceNames;
import dev.detr4j.model.names.TensorNames;
import dev.detr4j.model.resnet.ResNetVdConfig;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** RT-DETR and RT-DETRv2, of transformers and of lyuwenyu/RT-DETR. */
public final class RtDetrFamily implements ModelFamily {
  /** RT-DETR. */
  public static final RtDetrFamily RT_DETR =
      new RtDetrFamily("rt_detr", "RTDetrForObjectDetection", "RT-DETR", false);

  /** RT-DETRv2. */
  public static final RtDetrFamily RT_DETR_V2 =
      new RtDetrFamily("rt_detr_v2", "RTDetrV2ForObjectDetection", "RT-DETRv2", true);

  private static final int MOST_CHANNELS = 1 << 16;
  private static final int MOST_LAYERS = 256;

  private final String modelType;
  private final String architecture;
  private final String title;
  private final boolean second;

  private RtDetrFamily(String modelType, String architecture, String title, boolean second) {
    this.modelType = modelType;
    this.architecture = architecture;
    this.title = title;
    this.second = second;
  }

  @Override
  public String modelType() {
    return modelType;
  }

  @Override
  public String architecture() {
    return architecture;
  }

  @Override
  public String imageProcessor() {
    return "RTDetrImageProcessor";
  }

  String title() {
    return title;
  }

  @Override
  public RtDetrConfig configuration(JsonObject json) {
    TransformersConfig config = new TransformersConfig(json, architecture, true);
    refuseWhatIsNotComputed(json);
    ResNetVdConfig backbone = ResNetVdConfig.read(json);
    int taps = backbone.taps().size();
    int dim = json.integer("encoder_hidden_dim", 256, 4, MOST_CHANNELS);
    int encoderHeads = json.integer("encoder_attention_heads", 8, 1, dim);
    int dModel = json.integer("d_model", 256, 4, MOST_CHANNELS);
    int decoderHeads = json.integer("decoder_attention_heads", 8, 1, dModel);
    multiple(json, "encoder_hidden_dim", dim, encoderHeads);
    multiple(json, "d_model", dModel, decoderHeads);
    lists(json, backbone, dim);
    double expansion = json.number("hidden_expansion", 1.0);
    int hidden = (int) (dim * expansion);
    if (!(expansion > 0 && expansion <= 16) || hidden < 1) {
      throw json.wrong("hidden_expansion is " + expansion + ", expected a number up to 16");
    }
    HybridEncoderConfig encoder =
        new HybridEncoderConfig(
            dim,
            transformed(json, taps),
            config.activation("encoder_activation_function", "gelu"),
            config.activation("activation_function", "silu"),
            hidden,
            positive(json, "positional_encoding_temperature", 10000),
            json.bool("normalize_before", false),
            false);
    int decoderLayers = json.integer("decoder_layers", 6, 1, MOST_LAYERS);
    ModelConfig.TransformerConfig transformer =
        new ModelConfig.TransformerConfig(
            dModel,
            json.integer("encoder_layers", 1, 0, MOST_LAYERS),
            encoderHeads,
            json.integer("encoder_ffn_dim", 1024, 1, MOST_CHANNELS),
            decoderLayers,
            decoderHeads,
            json.integer("decoder_ffn_dim", 1024, 1, MOST_CHANNELS),
            config.activation("decoder_activation_function", "relu"));
    int levels = json.integer("num_feature_levels", 3, 1, 16);
    if (levels < taps || levels > taps + 1) {
      throw json.wrong(
          "num_feature_levels is %d, but the backbone hands out %d feature maps, expected as many or one more"
              .formatted(levels, taps));
    }
    return new RtDetrConfig(
        this,
        backbone,
        encoder,
        transformer,
        decoderLayers,
        levels,
        json.integer("decoder_n_points", 4, 1, 64),
        sampling(json, levels),
        config.queries("num_queries", 300),
        config.labels(),
        new RtDetrConfig.Epsilons(
            (float) positive(json, "layer_norm_eps", 1e-5),
            positive(json, "batch_norm_eps", 1e-5)));
  }

  private static void refuseWhatIsNotComputed(JsonObject json) {
    for (String size : List.of("eval_size", "anchor_image_size")) {
      if (json.has(size)) {
        throw json.wrong(size + " is set, supported is null: any size of images");
      }
    }
    if (json.bool("learn_initial_query", false)) {
      throw json.wrong("learn_initial_query is true, supported is false");
    }
    if (!json.bool("use_focal_loss", true)) {
      throw json.wrong(
          "use_focal_loss is false, supported is true: transformers' selection would depend on the batch");
    }
  }

  private static void multiple(JsonObject json, String field, int width, int heads) {
    if (width % 4 != 0 || width % heads != 0) {
      throw json.wrong(
          "%s is %d, expected a multiple of 4 and of the %d attention heads"
              .formatted(field, width, heads));
    }
  }

  /** What the neck takes must be what the backbone gives, and the decoder takes what it makes. */
  private static void lists(JsonObject json, ResNetVdConfig backbone, int dim) {
    List<Integer> widths =
        backbone.taps().stream().map(tap -> backbone.widths().get(tap - 1)).toList();
    if (json.has("encoder_in_channels")
        && !json.integers("encoder_in_channels", 1, MOST_CHANNELS).equals(widths)) {
      throw json.wrong(
          "encoder_in_channels is %s, expected %s, the channels of the backbone"
              .formatted(json.integers("encoder_in_channels", 1, MOST_CHANNELS), widths));
    }
    List<Integer> dims = Collections.nCopies(widths.size(), dim);
    List<Integer> taken =
        json.has("decoder_in_channels")
            ? json.integers("decoder_in_channels", 1, MOST_CHANNELS)
            : List.of(256, 256, 256);
    if (!taken.equals(dims)) {
      throw json.wrong(
          "decoder_in_channels is %s, expected %s, the channels of the encoder"
              .formatted(taken, dims));
    }
  }

  private static List<Integer> transformed(JsonObject json, int taps) {
    List<Integer> levels = new ArrayList<>();
    if (json.has("encode_proj_layers")) {
      levels.addAll(json.integers("encode_proj_layers", 0, taps - 1));
    } else {
      levels.add(2);
    }
    for (int level : levels) {
      if (level >= taps || Collections.frequency(levels, level) > 1) {
        throw json.wrong(
            "encode_proj_layers is %s, expected different levels below %d".formatted(levels, taps));
      }
    }
    return levels;
  }

  private static double positive(JsonObject json, String field, double absent) {
    double number = json.number(field, absent);
    if (!(number > 0 && Double.isFinite(number))) {
      throw json.wrong(field + " is " + number + ", expected a positive number");
    }
    return number;
  }

  private RtDetrConfig.Sampling sampling(JsonObject json, int levels) {
    if (!second) {
      return RtDetrConfig.Sampling.V1;
    }
    int decoderLevels = json.integer("decoder_n_levels", 3, 1, 16);
    if (decoderLevels != levels) {
      throw json.wrong(
          "decoder_n_levels is %d, expected %d as num_feature_levels says"
              .formatted(decoderLevels, levels));
    }
    String method = json.string("decoder_method", "default");
    if (!method.equals("default") && !method.equals("discrete")) {
      throw json.wrong(
          "decoder_method is \"" + OneLine.of(method) + "\", expected default or discrete");
    }
    return new RtDetrConfig.Sampling(
        true, positive(json, "decoder_offset_scale", 0.5), method.equals("discrete"));
  }

  @Override
  public TensorNames huggingFaceNames(ModelConfig config) {
    return new HuggingFaceNames(
            ((RtDetrConfig) config).backbone().transformersNames(), RtDetrHeadNames.NAMES)
        .withShortBackbonePrefix();
  }

  @Override
  public List<CheckpointFormat> formats() {
    return List.of(second ? OriginalFormat.V2 : OriginalFormat.V1);
  }

  @Override
  public TransformersForm transformersForm(ModelConfig config, List<String> labels) {
    RtDetrConfig own = (RtDetrConfig) config;
    if (own.storedDecoderLayers() != own.transformer().decoderLayers()) {
      throw new ModelConfigException(
          "transformers reads the last of its %d decoder layers, this model the %dth"
              .formatted(own.storedDecoderLayers(), own.transformer().decoderLayers()));
    }
    Map<String, @Nullable Object> json = TransformersConfig.head(this);
    json.put("use_timm_backbone", false);
    json.put("use_pretrained_backbone", false);
    json.put("backbone", null);
    json.put("backbone_config", own.backbone().json());
    json.putAll(encoder(own));
    json.putAll(decoder(own));
    json.putAll(TransformersConfig.tail(labels));
    json.remove("position_embedding_type");
    return new TransformersForm(own, json, imageProcessor(), huggingFaceNames(own), Map.of())
        .withPreprocessor(preprocessor());
  }

  private static Map<String, @Nullable Object> encoder(RtDetrConfig own) {
    Map<String, @Nullable Object> json = new LinkedHashMap<>();
    HybridEncoderConfig encoder = own.encoder();
    ModelConfig.TransformerConfig transformer = own.transformer();
    List<Integer> taps = own.backbone().taps();
    json.put("layer_norm_eps", (double) own.epsilons().layerNorm());
    json.put("batch_norm_eps", own.epsilons().batchNorm());
    json.put("encoder_hidden_dim", encoder.dim());
    json.put(
        "encoder_in_channels",
        taps.stream().map(tap -> own.backbone().widths().get(tap - 1)).toList());
    json.put("feat_strides", taps.stream().map(tap -> 2 << tap).toList());
    json.put("encoder_layers", transformer.encoderLayers());
    json.put("encoder_ffn_dim", transformer.encoderFfnDim());
    json.put("encoder_attention_heads", transformer.encoderHeads());
    json.put("encode_proj_layers", encoder.transformed());
    json.put("positional_encoding_temperature", encoder.temperature());
    json.put("encoder_activation_function", TransformersConfig.name(encoder.ffnActivation()));
    json.put("activation_function", TransformersConfig.name(encoder.activation()));
    json.put("normalize_before", encoder.normalizesFirst());
    json.put("hidden_expansion", (double) encoder.hidden() / encoder.dim());
    json.put("eval_size", null);
    return json;
  }

  private static Map<String, @Nullable Object> decoder(RtDetrConfig own) {
    Map<String, @Nullable Object> json = new LinkedHashMap<>();
    ModelConfig.TransformerConfig transformer = own.transformer();
    json.put("d_model", transformer.dModel());
    json.put("num_queries", own.numQueries());
    json.put(
        "decoder_in_channels",
        Collections.nCopies(own.backbone().taps().size(), own.encoder().dim()));
    json.put("decoder_ffn_dim", transformer.decoderFfnDim());
    json.put("num_feature_levels", own.numFeatureLevels());
    json.put("decoder_n_points", own.points());
    json.put("decoder_layers", transformer.decoderLayers());
    json.put("decoder_attention_heads", transformer.decoderHeads());
    json.put("decoder_activation_function", TransformersConfig.name(transformer.activation()));
    // The labels of training's noisy boxes are not carried over.
    json.put("num_denoising", 0);
    json.put("learn_initial_query", false);
    json.put("anchor_image_size", null);
    json.put("use_focal_loss", true);
    if (own.sampling().scaled()) {
      json.put("decoder_n_levels", own.numFeatureLevels());
      json.put("decoder_offset_scale", own.sampling().offsetScale());
      json.put("decoder_method", own.sampling().discrete() ? "discrete" : "default");
    }
    return json;
  }

  private static Map<String, @Nullable Object> preprocessor() {
    Map<String, @Nullable Object> size = new LinkedHashMap<>();
    size.put("height", 640);
    size.put("width", 640);
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    fields.put("size", size);
    fields.put("do_normalize", false);
    fields.put("do_pad", false);
    return fields;
  }
}
