package dev.detr4j.model.lwdetr;

import dev.detr4j.json.JsonObject;
import dev.detr4j.model.family.CheckpointFormat;
import dev.detr4j.model.family.ModelConfig;
import dev.detr4j.model.family.ModelFamily;
import dev.detr4j.model.family.TransformersConfig;
import dev.detr4j.model.family.TransformersForm;
import dev.detr4j.model.names.NameTable;
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
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** LW-DETR of one scale, of transformers and of Atten4Vis/LW-DETR: tiny, small and medium. */
public final class LwDetrFamily implements ModelFamily {
  /** The family. */
  public static final LwDetrFamily LW_DETR = new LwDetrFamily();

  /** Pixels on a side of the published models' inputs. */
  static final int SIDE = 640;

  private static final String BACKBONE = "lw_detr_vit";

  private LwDetrFamily() {}

  @Override
  public String modelType() {
    return "lw_detr";
  }

  @Override
  public String architecture() {
    return "LwDetrForObjectDetection";
  }

  @Override
  public String imageProcessor() {
    return "DeformableDetrImageProcessor";
  }

  @Override
  public VitDetrConfig configuration(JsonObject json) {
    TransformersConfig config = new TransformersConfig(json, architecture());
    VitFields fields = new VitFields(json, config);
    List<Double> scales =
        json.has("projector_scale_factors") ? json.numbers("projector_scale_factors") : List.of();
    if (!scales.equals(List.of(1.0))) {
      throw json.wrong(
          "projector_scale_factors is %s, supported is one scale of 1.0: tiny, small and medium"
              .formatted(scales));
    }
    VitConfig backbone =
        fields.backbone(BACKBONE).map(LwDetrFamily::backbone).orElseGet(LwDetrFamily::absent);
    return new VitDetrConfig(
        this,
        "LW-DETR",
        variant(backbone),
        backbone,
        fields.neck(true, "batch_norm_eps"),
        fields.transformer(),
        fields.crossHeads(),
        fields.points(),
        config.queries("num_queries", 300),
        fields.groups(),
        config.labels());
  }

  private static VitConfig backbone(JsonObject given) {
    VitFields.require(given, "qkv_bias", true);
    VitFields.require(given, "use_absolute_position_embeddings", true);
    int channels = VitFields.count(given, "hidden_size", 768);
    int blocks = VitFields.count(given, "num_hidden_layers", 12);
    int heads = VitFields.count(given, "num_attention_heads", 12);
    int windows = VitFields.count(given, "num_windows", 16);
    int perSide = (int) Math.round(Math.sqrt(windows));
    if (channels % heads != 0 || perSide * perSide != windows) {
      throw given.wrong(
          "hidden_size is %d and num_windows %d, expected a multiple of the %d attention heads and a square number"
              .formatted(channels, windows, heads));
    }
    int patch = VitFields.side(given, "patch_size", 16);
    int pixels = VitFields.side(given, "pretrain_image_size", 224);
    if (pixels < patch) {
      throw given.wrong(
          "pretrain_image_size is %d, less than a patch of %d".formatted(pixels, patch));
    }
    List<Integer> windowed =
        given.has("window_block_indices")
            ? given.integers("window_block_indices", 0, blocks - 1)
            : List.of();
    return plain(
        channels,
        blocks,
        heads,
        VitFields.count(given, "mlp_ratio", 4) * channels,
        new TransformersConfig(given, BACKBONE).activation("hidden_act", "gelu"),
        patch,
        perSide,
        windowed,
        VitFields.taken(given, blocks, List.of(blocks)),
        pixels / patch,
        (float) VitFields.positive(given, "layer_norm_eps", 1e-6));
  }

  /** What transformers takes where a file says nothing of the backbone. */
  private static VitConfig absent() {
    return plain(
        192,
        10,
        12,
        768,
        Activation.GELU,
        16,
        4,
        List.of(0, 1, 3, 6, 7, 9),
        List.of(2, 4, 5, 9),
        14,
        1e-6f);
  }

  static VitConfig plain(
      int channels,
      int blocks,
      int heads,
      int ffnDim,
      Activation activation,
      int patch,
      int windows,
      List<Integer> windowed,
      List<Integer> taken,
      int positions,
      float epsilon) {
    Set<Integer> global = new HashSet<>();
    for (int i = 0; i < blocks; i++) {
      if (!windowed.contains(i)) {
        global.add(i);
      }
    }
    return new VitConfig(
        VitConfig.Form.PLAIN,
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
  static String variant(VitConfig backbone) {
    return switch (backbone.channels() + "/" + backbone.storedBlocks()) {
      case "192/6" -> "tiny";
      case "192/10" -> "small";
      case "384/10" -> "medium";
      default -> "custom";
    };
  }

  @Override
  public TensorNames huggingFaceNames(ModelConfig config) {
    return new VitNames(
        NameTable.of(LwDetrFamily.class, "transformers.txt"),
        false,
        ((VitDetrConfig) config).backbone().taken().getLast());
  }

  @Override
  public List<CheckpointFormat> formats() {
    return List.of(OriginalFormat.FORMAT);
  }

  @Override
  public TransformersForm transformersForm(ModelConfig config, List<String> labels) {
    VitDetrConfig own = (VitDetrConfig) config;
    VitConfig backbone = own.backbone();
    int blocks = backbone.taken().getLast();
    Map<String, @Nullable Object> vit = new LinkedHashMap<>();
    vit.put("model_type", BACKBONE);
    vit.put("hidden_size", backbone.channels());
    // Blocks that nothing looks at are not carried over.
    vit.put("num_hidden_layers", blocks);
    vit.put("num_attention_heads", backbone.heads());
    vit.put("mlp_ratio", backbone.ffnDim() / backbone.channels());
    vit.put("hidden_act", TransformersConfig.name(backbone.activation()));
    vit.put("layer_norm_eps", Double.parseDouble(Float.toString(backbone.epsilon())));
    vit.put("pretrain_image_size", backbone.positions() * backbone.patch());
    vit.put("patch_size", backbone.patch());
    vit.put("image_size", 1024);
    vit.put("num_windows", backbone.windows() * backbone.windows());
    vit.put(
        "window_block_indices",
        IntStream.range(0, blocks)
            .boxed()
            .filter(block -> !backbone.global().contains(block))
            .toList());
    vit.put("out_indices", backbone.taken());
    vit.put("out_features", backbone.taken().stream().map(tap -> "stage" + tap).toList());
    vit.put("qkv_bias", true);
    vit.put("use_absolute_position_embeddings", true);
    Map<String, @Nullable Object> json = TransformersConfig.head(this);
    json.put("backbone_config", vit);
    json.putAll(VitFields.json(own));
    json.put("batch_norm_eps", own.neck().epsilon());
    json.put("projector_scale_factors", List.of(1.0));
    json.putAll(TransformersConfig.tail(labels));
    json.remove("position_embedding_type");
    Map<String, @Nullable Object> size = new LinkedHashMap<>();
    size.put("height", SIDE);
    size.put("width", SIDE);
    return new TransformersForm(own, json, imageProcessor(), huggingFaceNames(own), Map.of())
        .withPreprocessor(Map.of("size", size));
  }
}
