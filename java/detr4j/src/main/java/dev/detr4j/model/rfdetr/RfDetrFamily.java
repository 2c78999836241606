package dev.detr4j.model.rfdetr;

import dev.detr4j.json.JsonObject;
import dev.detr4j.model.family.CheckpointFormat;
import dev.detr4j.model.family.ModelConfig;
import dev.detr4j.model.family.ModelFamily;
import dev.detr4j.model.family.TransformersConfig;
import dev.detr4j.model.family.TransformersForm;
import dev.detr4j.model.names.TensorNames;
import dev.detr4j.model.vit.VitConfig;
import dev.detr4j.model.vit.VitDetrConfig;
import dev.detr4j.model.vit.VitFields;
import dev.detr4j.model.vit.VitNames;
import dev.detr4j.op.Activation;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** RF-DETR, of transformers and of roboflow/rf-detr. */
public final class RfDetrFamily implements ModelFamily {
  /** The family. */
  public static final RfDetrFamily RF_DETR = new RfDetrFamily();

  private static final String BACKBONE = "rf_detr_dinov2";

  /** What the published sizes differ in; they all have 384 channels in the backbone. */
  private record Size(
      String name, int resolution, int patch, int windows, int positions, int decoderLayers) {}

  private static final List<Size> SIZES =
      List.of(
          new Size("nano", 384, 16, 2, 24, 2),
          new Size("small", 512, 16, 2, 32, 3),
          new Size("base", 560, 14, 4, 37, 3),
          new Size("medium", 576, 16, 2, 36, 4),
          new Size("large", 704, 16, 2, 44, 4));

  private RfDetrFamily() {}

  @Override
  public String modelType() {
    return "rf_detr";
  }

  @Override
  public String architecture() {
    return "RfDetrForObjectDetection";
  }

  @Override
  public String imageProcessor() {
    return "RfDetrImageProcessor";
  }

  @Override
  public VitDetrConfig configuration(JsonObject json) {
    TransformersConfig config = new TransformersConfig(json, architecture());
    VitFields fields = new VitFields(json, config);
    if (json.integer("num_feature_levels", 1, 1, 16) != 1) {
      throw json.wrong("num_feature_levels is not 1, which is what a model has");
    }
    VitConfig backbone =
        fields.backbone(BACKBONE).map(RfDetrFamily::backbone).orElseGet(RfDetrFamily::absent);
    ModelConfig.TransformerConfig transformer = fields.transformer();
    return new VitDetrConfig(
        this,
        "RF-DETR",
        variant(backbone, transformer.decoderLayers()),
        backbone,
        fields.neck(false, "layer_norm_eps"),
        transformer,
        fields.crossHeads(),
        fields.points(),
        config.queries("num_queries", 300),
        fields.groups(),
        config.labels());
  }

  private static VitConfig backbone(JsonObject given) {
    VitFields.require(given, "qkv_bias", true);
    VitFields.require(given, "use_swiglu_ffn", false);
    VitFields.require(given, "apply_layernorm", true);
    VitFields.require(given, "reshape_hidden_states", true);
    if (given.integer("num_register_tokens", 0, 0, 1 << 16) != 0) {
      throw given.wrong("num_register_tokens is not 0, which is what a model has");
    }
    int channels = VitFields.count(given, "hidden_size", 768);
    int blocks = VitFields.count(given, "num_hidden_layers", 12);
    int heads = VitFields.count(given, "num_attention_heads", 12);
    if (channels % heads != 0) {
      throw given.wrong(
          "hidden_size is %d, expected a multiple of the %d attention heads"
              .formatted(channels, heads));
    }
    int patch = VitFields.side(given, "patch_size", 14);
    int pixels = VitFields.side(given, "image_size", 224);
    if (pixels < patch) {
      throw given.wrong("image_size is %d, less than a patch of %d".formatted(pixels, patch));
    }
    return dino(
        channels,
        blocks,
        heads,
        VitFields.count(given, "mlp_ratio", 4) * channels,
        new TransformersConfig(given, BACKBONE).activation("hidden_act", "gelu"),
        patch,
        VitFields.count(given, "num_windows", 4),
        VitFields.taken(given, blocks, List.of(blocks)),
        pixels / patch,
        (float) VitFields.positive(given, "layer_norm_eps", 1e-6));
  }

  /** What transformers takes where a file says nothing of the backbone. */
  private static VitConfig absent() {
    return dino(384, 12, 6, 1536, Activation.GELU, 14, 4, List.of(2, 5, 8, 11), 37, 1e-6f);
  }

  /** A block attends to the whole map where its input is one that is taken. */
  static VitConfig dino(
      int channels,
      int blocks,
      int heads,
      int ffnDim,
      Activation activation,
      int patch,
      int windows,
      List<Integer> taken,
      int positions,
      float epsilon) {
    Set<Integer> global = new HashSet<>(taken);
    return new VitConfig(
        VitConfig.Form.DINO_V2,
        channels,
        blocks,
        heads,
        ffnDim,
        activation,
        patch,
        windows,
        global,
        taken,
        positions,
        epsilon);
  }

  /** The published size, or {@code custom}. */
  static String variant(VitConfig backbone, int decoderLayers) {
    for (Size size : SIZES) {
      if (backbone.channels() == 384
          && backbone.patch() == size.patch
          && backbone.windows() == size.windows
          && backbone.positions() == size.positions
          && decoderLayers == size.decoderLayers) {
        return size.name;
      }
    }
    return "custom";
  }

  /**
   * Pixels on a side of the input: of a published size its own, else those of the stored position
   * code, rounded to what windows divide.
   */
  static int resolution(VitDetrConfig config) {
    for (Size size : SIZES) {
      if (size.name.equals(config.variant())) {
        return size.resolution;
      }
    }
    VitConfig backbone = config.backbone();
    int step = backbone.pixelsPerStep();
    return Math.max(1, Math.ceilDiv(backbone.positions() * backbone.patch(), step)) * step;
  }

  @Override
  public TensorNames huggingFaceNames(ModelConfig config) {
    return new VitNames(
        OriginalFormat.FORMAT.names(), true, ((VitDetrConfig) config).backbone().taken().getLast());
  }

  @Override
  public List<CheckpointFormat> formats() {
    return List.of(OriginalFormat.FORMAT);
  }

  @Override
  public TransformersForm transformersForm(ModelConfig config, List<String> labels) {
    VitDetrConfig own = (VitDetrConfig) config;
    VitConfig backbone = own.backbone();
    Map<String, @Nullable Object> vit = new LinkedHashMap<>();
    vit.put("model_type", BACKBONE);
    vit.put("hidden_size", backbone.channels());
    // Blocks that nothing looks at are not carried over.
    vit.put("num_hidden_layers", backbone.taken().getLast());
    vit.put("num_attention_heads", backbone.heads());
    vit.put("mlp_ratio", backbone.ffnDim() / backbone.channels());
    vit.put("hidden_act", TransformersConfig.name(backbone.activation()));
    vit.put("layer_norm_eps", decimal(backbone.epsilon()));
    vit.put("image_size", backbone.positions() * backbone.patch());
    vit.put("patch_size", backbone.patch());
    vit.put("num_windows", backbone.windows());
    vit.put("out_indices", backbone.taken());
    vit.put("out_features", backbone.taken().stream().map(tap -> "stage" + tap).toList());
    vit.put("use_mask_token", false);
    vit.put("use_swiglu_ffn", false);
    vit.put("qkv_bias", true);
    vit.put("apply_layernorm", true);
    Map<String, @Nullable Object> json = TransformersConfig.head(this);
    json.put("backbone_config", vit);
    json.putAll(VitFields.json(own));
    json.put("layer_norm_eps", own.neck().epsilon());
    json.putAll(TransformersConfig.tail(labels));
    json.remove("position_embedding_type");
    Map<String, @Nullable Object> size = new LinkedHashMap<>();
    size.put("height", resolution(own));
    size.put("width", resolution(own));
    return new TransformersForm(own, json, imageProcessor(), huggingFaceNames(own), Map.of())
        .withPreprocessor(Map.of("size", size));
  }

  /** The shortest decimal that gives the float. */
  private static double decimal(float value) {
    return Double.parseDouble(Float.toString(value));
  }
}
