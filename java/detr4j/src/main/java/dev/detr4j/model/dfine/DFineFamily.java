package dev.detr4j.model.dfine;

import dev.detr4j.error.OneLine;
import dev.detr4j.json.JsonObject;
import dev.detr4j.model.family.CheckpointFormat;
import dev.detr4j.model.family.ModelConfig;
import dev.detr4j.model.family.ModelFamily;
import dev.detr4j.model.family.TransformersConfig;
import dev.detr4j.model.family.TransformersForm;
import dev.detr4j.model.hgnet.HgNetConfig;
import dev.detr4j.model.names.HuggingFaceNames;
import dev.detr4j.model.names.TensorNames;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** D-FINE, of transformers and of Peterande/D-FINE. */
public final class DFineFamily implements ModelFamily {
  /** The family. */
  public static final DFineFamily D_FINE = new DFineFamily();

  private static final int MOST_CHANNELS = 1 << 16;
  private static final int MOST_LAYERS = 256;

  private DFineFamily() {}

  @Override
  public String modelType() {
    return "d_fine";
  }

  @Override
  public String architecture() {
    return "DFineForObjectDetection";
  }

  @Override
  public String imageProcessor() {
    return "RTDetrImageProcessor";
  }

  @Override
  public DFineConfig configuration(JsonObject json) {
    TransformersConfig config = new TransformersConfig(json, architecture(), true);
    refuseWhatIsNotComputed(json);
    HgNetConfig backbone = HgNetConfig.read(json);
    int taps = backbone.taps().size();
    int dim = json.integer("encoder_hidden_dim", 256, 4, MOST_CHANNELS);
    int encoderHeads = json.integer("encoder_attention_heads", 8, 1, dim);
    int dModel = json.integer("d_model", 256, 4, MOST_CHANNELS);
    int decoderHeads = json.integer("decoder_attention_heads", 8, 1, dModel);
    multiple(json, "encoder_hidden_dim", dim, encoderHeads);
    multiple(json, "d_model", dModel, decoderHeads);
    levels(json, taps, dim);
    int decoderLayers = json.integer("decoder_layers", 6, 1, MOST_LAYERS);
    return new DFineConfig(
        backbone,
        neck(json, config, dim, taps),
        new ModelConfig.TransformerConfig(
            dModel,
            json.integer("encoder_layers", 1, 0, MOST_LAYERS),
            encoderHeads,
            json.integer("encoder_ffn_dim", 1024, 1, MOST_CHANNELS),
            read(json, decoderLayers),
            decoderHeads,
            json.integer("decoder_ffn_dim", 1024, 1, MOST_CHANNELS),
            config.activation("decoder_activation_function", "relu")),
        decoderLayers,
        points(json, taps),
        positive(json, "decoder_offset_scale", 0.5),
        bins(json),
        quality(json),
        config.queries("num_queries", 300),
        config.labels(),
        new DFineConfig.Epsilons(
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
    String method = json.string("decoder_method", "default");
    if (!method.equals("default")) {
      throw json.wrong("decoder_method is \"" + OneLine.of(method) + "\", supported is default");
    }
  }

  private static void multiple(JsonObject json, String field, int width, int heads) {
    if (width % 4 != 0 || width % heads != 0) {
      throw json.wrong(
          "%s is %d, expected a multiple of 4 and of the %d attention heads"
              .formatted(field, width, heads));
    }
  }

  private static void levels(JsonObject json, int taps, int dim) {
    int levels = json.integer("num_feature_levels", 3, 1, 16);
    if (levels != taps) {
      throw json.wrong(
          "num_feature_levels is %d, but the backbone hands out %d feature maps, expected as many"
              .formatted(levels, taps));
    }
    List<Integer> dims = Collections.nCopies(taps, dim);
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

  private static DFineConfig.Neck neck(
      JsonObject json, TransformersConfig config, int dim, int taps) {
    double expansion = positive(json, "hidden_expansion", 1.0);
    double depth = positive(json, "depth_mult", 1.0);
    // As Python: a floor of the product, and the even neighbour of a half.
    double hidden = Math.floor(expansion * dim / 2);
    double blocks = Math.rint(3 * depth);
    if (hidden < 1 || hidden > MOST_CHANNELS || blocks > MOST_LAYERS) {
      throw json.wrong(
          "hidden_expansion is %s and depth_mult %s, expected blocks of 1 to %d channels and at most %d layers"
              .formatted(expansion, depth, MOST_CHANNELS, MOST_LAYERS));
    }
    List<Integer> transformed =
        json.has("encode_proj_layers")
            ? json.integers("encode_proj_layers", 0, taps - 1)
            : List.of(2);
    for (int level : transformed) {
      if (level >= taps || Collections.frequency(transformed, level) > 1) {
        throw json.wrong(
            "encode_proj_layers is %s, expected different levels below %d"
                .formatted(transformed, taps));
      }
    }
    return new DFineConfig.Neck(
        dim,
        transformed,
        config.activation("encoder_activation_function", "gelu"),
        config.activation("activation_function", "silu"),
        (int) hidden,
        (int) blocks,
        positive(json, "positional_encoding_temperature", 10000),
        json.bool("normalize_before", false),
        false);
  }

  /** Decoder layers up to the one that is read. */
  private static int read(JsonObject json, int layers) {
    int index = json.integer("eval_idx", -1, -layers, layers - 1);
    return index < 0 ? layers + index + 1 : index + 1;
  }

  private static List<Integer> points(JsonObject json, int levels) {
    List<Integer> points =
        json.isList("decoder_n_points")
            ? json.integers("decoder_n_points", 1, 64)
            : Collections.nCopies(levels, json.integer("decoder_n_points", 4, 1, 64));
    if (points.size() != levels) {
      throw json.wrong(
          "decoder_n_points is %s, expected %d numbers, one a level".formatted(points, levels));
    }
    return points;
  }

  private static int bins(JsonObject json) {
    int bins = json.integer("max_num_bins", 32, 4, 1024);
    if (bins % 2 != 0) {
      throw json.wrong("max_num_bins is " + bins + ", expected an even number");
    }
    return bins;
  }

  private static DFineConfig.Quality quality(JsonObject json) {
    int bins = bins(json);
    return new DFineConfig.Quality(
        json.integer("top_prob_values", 4, 1, bins + 1),
        json.integer("lqe_hidden_dim", 64, 1, MOST_CHANNELS),
        json.integer("lqe_layers", 2, 1, MOST_LAYERS));
  }

  private static double positive(JsonObject json, String field, double absent) {
    double number = json.number(field, absent);
    if (!(number > 0 && Double.isFinite(number))) {
      throw json.wrong(field + " is " + number + ", expected a positive number");
    }
    return number;
  }

  @Override
  public TensorNames huggingFaceNames(ModelConfig config) {
    return new HuggingFaceNames(
            ((DFineConfig) config).backbone().transformersNames(), DFineHeadNames.NAMES)
        .withShortBackbonePrefix();
  }

  @Override
  public List<CheckpointFormat> formats() {
    return List.of(OriginalFormat.FORMAT);
  }

  @Override
  public TransformersForm transformersForm(ModelConfig config, List<String> labels) {
    DFineConfig own = (DFineConfig) config;
    Map<String, @Nullable Object> json = TransformersConfig.head(this);
    json.put("backbone_config", own.backbone().json());
    json.putAll(encoder(own));
    json.putAll(decoder(own));
    json.putAll(TransformersConfig.tail(labels));
    json.remove("position_embedding_type");
    Map<String, @Nullable Object> size = new LinkedHashMap<>();
    size.put("height", 640);
    size.put("width", 640);
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    fields.put("size", size);
    fields.put("do_normalize", false);
    fields.put("do_pad", false);
    return new TransformersForm(own, json, imageProcessor(), huggingFaceNames(own), Map.of())
        .withPreprocessor(fields);
  }

  private static Map<String, @Nullable Object> encoder(DFineConfig own) {
    DFineConfig.Neck neck = own.neck();
    ModelConfig.TransformerConfig transformer = own.transformer();
    List<Integer> taps = own.backbone().taps();
    Map<String, @Nullable Object> json = new LinkedHashMap<>();
    json.put("layer_norm_eps", (double) own.epsilons().layerNorm());
    json.put("batch_norm_eps", own.epsilons().batchNorm());
    json.put("encoder_hidden_dim", neck.dim());
    json.put(
        "encoder_in_channels",
        taps.stream().map(tap -> own.backbone().widths().get(tap - 1)).toList());
    json.put("feat_strides", taps.stream().map(tap -> 2 << tap).toList());
    json.put("encoder_layers", transformer.encoderLayers());
    json.put("encoder_ffn_dim", transformer.encoderFfnDim());
    json.put("encoder_attention_heads", transformer.encoderHeads());
    json.put("encode_proj_layers", neck.transformed());
    json.put("positional_encoding_temperature", neck.temperature());
    json.put("encoder_activation_function", TransformersConfig.name(neck.ffnActivation()));
    json.put("activation_function", TransformersConfig.name(neck.activation()));
    json.put("normalize_before", neck.normalizesFirst());
    // Half a channel more, because transformers takes the floor of the product.
    json.put("hidden_expansion", (2 * neck.hidden() + 0.5) / neck.dim());
    json.put("depth_mult", neck.depth() / 3.0);
    json.put("eval_size", null);
    return json;
  }

  private static Map<String, @Nullable Object> decoder(DFineConfig own) {
    ModelConfig.TransformerConfig transformer = own.transformer();
    Map<String, @Nullable Object> json = new LinkedHashMap<>();
    json.put("d_model", transformer.dModel());
    json.put("num_queries", own.numQueries());
    json.put("decoder_in_channels", Collections.nCopies(own.points().size(), own.neck().dim()));
    json.put("decoder_ffn_dim", transformer.decoderFfnDim());
    json.put("num_feature_levels", own.points().size());
    json.put("decoder_n_points", own.points());
    json.put("decoder_layers", own.storedDecoderLayers());
    json.put("eval_idx", transformer.decoderLayers() - 1);
    json.put("decoder_attention_heads", transformer.decoderHeads());
    json.put("decoder_activation_function", TransformersConfig.name(transformer.activation()));
    json.put("decoder_offset_scale", own.offsetScale());
    json.put("decoder_method", "default");
    json.put("max_num_bins", own.maxBins());
    json.put("top_prob_values", own.quality().top());
    json.put("lqe_hidden_dim", own.quality().hidden());
    json.put("lqe_layers", own.quality().layers());
    // The labels of training's noisy boxes are not carried over.
    json.put("num_denoising", 0);
    json.put("learn_initial_query", false);
    json.put("anchor_image_size", null);
    json.put("use_focal_loss", true);
    return json;
  }
}
