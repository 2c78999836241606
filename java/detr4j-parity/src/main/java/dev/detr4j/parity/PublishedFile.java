package dev.detr4j.parity;

import dev.detr4j.checkpoint.StoredTensor;
import dev.detr4j.checkpoint.StoredType;
import dev.detr4j.model.description.ModelSource;
import dev.detr4j.parity.TorchFileWriter.Layout;
import dev.detr4j.parity.TorchFileWriter.PythonObject;
import dev.detr4j.parity.TorchFileWriter.StateDict;
import dev.detr4j.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The files that the projects publish, as their code writes them: the project's container, names
 * and companions of the state dict, with the weights of a golden case, so that the stored outputs
 * of that case are what such a file must give.
 */
public enum PublishedFile {
  /** {@code {"model"}}, legacy; the Hugging Face case under facebookresearch's names. */
  DETR("models/hf_detr_r50", ModelSource.DETR, "detr-r50.pth"),
  /** {@code {"model", "optimizer", "lr_scheduler", "epoch", "args"}}, zip. */
  DEFORMABLE_DETR(
      "models/orig_two_stage", ModelSource.DEFORMABLE_DETR, "r50_two_stage-checkpoint.pth"),
  /** {@code {"model", "iteration"}}, zip. */
  DETREX_REFINE("models/detrex_refine", ModelSource.DETREX, "detrex_refine.pth"),
  /** {@code {"model", "iteration"}}, zip. */
  DETREX_TWO_STAGE("models/detrex_two_stage", ModelSource.DETREX, "detrex_two_stage.pth"),
  /** {@code {"meta", "state_dict"}}, legacy. */
  MMDETECTION_3("models/mmdet_two_stage", ModelSource.MMDETECTION, "mmdet_3.pth"),
  /** {@code {"meta", "state_dict"}}, legacy, with the names before the refactoring of 2022. */
  MMDETECTION_2("models/mmdet_two_stage", ModelSource.MMDETECTION, "mmdet_2.pth"),
  /** {@code {"state", "signature", "class_to_idx", "rgb_stats", …}}, zip. */
  BIRDER("models/birder_boxref", ModelSource.BIRDER, "birder_boxref.pt"),
  /** A flat state dict, zip; the Hugging Face case under the names of the original. */
  TABLE_TRANSFORMER(
      "models/hf_table_transformer_detection",
      ModelSource.TABLE_TRANSFORMER,
      "pubtables1m_detection_detr_r18.pth"),
  /**
   * {@code {"model", "optimizer", …}}, zip; the Hugging Face case under the names of the original.
   */
  CONDITIONAL_DETR(
      "models/hf_conditional_detr_r50",
      ModelSource.CONDITIONAL_DETR,
      "ConditionalDETR_r50_epoch50.pth"),
  /** {@code {"model"}}, zip; the Hugging Face case, which is square, under the project's names. */
  D_FINE("models/hf_dfine_nano", ModelSource.D_FINE, "dfine_n_coco.pth"),
  /** {@code {"model"}}, zip; the Hugging Face case under the project's names. */
  LW_DETR("models/hf_lwdetr_small", ModelSource.LW_DETR, "LWDETR_small_60e_coco.pth"),
  /** A folder with a flat {@code pytorch_model.bin}, zip. */
  HUGGING_FACE("models/hf_deformable_refine", ModelSource.HUGGING_FACE, "pytorch_model.bin");

  private final String goldenCase;
  private final ModelSource source;
  private final String fileName;

  PublishedFile(String goldenCase, ModelSource source, String fileName) {
    this.goldenCase = goldenCase;
    this.source = source;
    this.fileName = fileName;
  }

  /** The case of the golden set whose weights the file has. */
  public String goldenCase() {
    return goldenCase;
  }

  /** Whose file it is. */
  public ModelSource source() {
    return source;
  }

  /**
   * Writes the file, and for Hugging Face its configurations beside it.
   *
   * @param golden the case {@link #goldenCase}
   * @return the file
   */
  public Path write(GoldenCase golden, Path folder) throws IOException {
    FormulaCheckpoint weights = golden.checkpoint();
    Path file = folder.resolve(fileName);
    Map<String, Object> saved = new LinkedHashMap<>();
    switch (this) {
      case DETR -> saved.put("model", facebook(weights));
      case DEFORMABLE_DETR -> training(saved, StateDict.of(weights));
      case DETREX_REFINE, DETREX_TWO_STAGE -> {
        saved.put("model", StateDict.of(weights));
        saved.put("iteration", 374999);
      }
      case MMDETECTION_3 -> {
        saved.put("meta", Map.of("mmdet_version", "3.0.0rc2", "epoch", 50, "seed", 0));
        saved.put("state_dict", StateDict.of(weights));
      }
      case MMDETECTION_2 -> {
        saved.put("meta", Map.of("mmdet_version", "2.11.0", "CLASSES", new Object[] {"person"}));
        saved.put("state_dict", mmdetection2(weights));
      }
      case BIRDER -> birder(saved, StateDict.of(weights));
      case CONDITIONAL_DETR -> saved.put("model", facebook(weights, "cross_attn."));
      case D_FINE -> saved.put("model", dFine(weights));
      case LW_DETR -> saved.put("model", lwDetr(weights));
      case TABLE_TRANSFORMER -> facebook(weights).tensors().forEach(saved::put);
      case HUGGING_FACE -> {
        StateDict.of(weights).tensors().forEach(saved::put);
        for (String name : List.of("config.json", "preprocessor_config.json")) {
          Files.copy(golden.folder().resolve(name), folder.resolve(name));
        }
      }
    }
    boolean legacy = this == DETR || this == MMDETECTION_3 || this == MMDETECTION_2;
    TorchFileWriter.write(file, legacy ? Layout.LEGACY : Layout.ZIP, saved);
    return file;
  }

  private static void training(Map<String, Object> saved, StateDict model) {
    StoredTensor some = model.tensors().values().iterator().next();
    saved.put("model", model);
    saved.put(
        "optimizer",
        Map.of(
            "state",
            Map.of(0, Map.of("step", 1_000, "exp_avg", some)),
            "param_groups",
            List.of(Map.of("lr", 2e-4, "params", List.of(0)))));
    saved.put("lr_scheduler", Map.of("step_size", 40, "gamma", 0.1));
    saved.put("epoch", 49);
    saved.put(
        "args",
        new PythonObject(
            "argparse", "Namespace", Map.of("with_box_refine", true, "dilation", false)));
  }

  private static void birder(Map<String, Object> saved, StateDict state) {
    Map<String, Object> classes = new LinkedHashMap<>();
    for (int i = 1; i <= 91; i++) {
      classes.put("kind " + i, i);
    }
    saved.put("state", state);
    saved.put("birder_version", "0.1.0");
    saved.put("task", "object_detection");
    saved.put(
        "signature",
        Map.of(
            "dynamic",
            true,
            "inputs",
            List.of(Map.of("data_shape", List.of(0, 3, 640, 640))),
            "num_labels",
            91));
    saved.put("class_to_idx", classes);
    saved.put(
        "rgb_stats",
        Map.of(
            "mean", new Object[] {0.485, 0.456, 0.406}, "std", new Object[] {0.229, 0.224, 0.225}));
  }

  /** From the names of transformers 4.x to those of facebookresearch/detr. */
  private static StateDict facebook(FormulaCheckpoint weights) {
    return facebook(weights, "multihead_attn.");
  }

  private static StateDict facebook(FormulaCheckpoint weights, String crossAttention) {
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    for (String name : weights.names()) {
      if (name.contains(".k_proj") || name.contains(".v_proj")) {
        continue;
      }
      StoredTensor tensor = weights.tensor(name);
      if (name.contains(".q_proj")) {
        tensor =
            new JoinedRows(
                List.of(
                    tensor,
                    weights.tensor(name.replace("q_proj", "k_proj")),
                    weights.tensor(name.replace("q_proj", "v_proj"))));
      }
      tensors.put(
          name.replace("model.backbone.conv_encoder.model.", "backbone.0.body.")
              .replace("model.query_position_embeddings", "query_embed")
              .replace("model.input_projection", "input_proj")
              .replace("class_labels_classifier", "class_embed")
              .replace("bbox_predictor", "bbox_embed")
              .replaceFirst("^model\\.(en|de)coder", "transformer.$1coder")
              .replace("coder.layernorm.", "coder.norm.")
              .replace("encoder_attn_layer_norm", "norm2")
              .replace("encoder_attn.", crossAttention)
              .replace("self_attn_layer_norm", "norm1")
              .replaceFirst("(encoder.*)final_layer_norm", "$1norm2")
              .replaceFirst("(decoder.*)final_layer_norm", "$1norm3")
              .replaceFirst("fc([12])", "linear$1")
              .replace(".q_proj.", ".in_proj_"),
          tensor);
    }
    return new StateDict(tensors);
  }

  /** From the names of mmdetection 3.x to those of 2.x, which had no data preprocessor either. */
  private static StateDict mmdetection2(FormulaCheckpoint weights) {
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    for (String name : weights.names()) {
      if (!name.startsWith("data_preprocessor.")) {
        tensors.put(
            name.replaceFirst("^((en|de)coder\\.)", "bbox_head.transformer.$1")
                .replaceFirst("(layers\\.\\d\\.)self_attn", "$1attentions.0")
                .replaceFirst("(layers\\.\\d\\.)cross_attn", "$1attentions.1")
                .replaceFirst("(layers\\.\\d\\.)ffn\\.", "$1ffns.0.")
                .replaceFirst("^level_embed$", "bbox_head.transformer.level_embeds")
                .replaceFirst("^memory_trans_fc", "bbox_head.transformer.enc_output")
                .replaceFirst("^memory_trans_norm", "bbox_head.transformer.enc_output_norm")
                .replaceFirst("^pos_trans_fc", "bbox_head.transformer.pos_trans")
                .replaceFirst("^pos_trans_norm", "bbox_head.transformer.pos_trans_norm"),
            weights.tensor(name));
      }
    }
    return new StateDict(tensors);
  }

  /** From the names of transformers 4.x to those of Peterande/D-FINE. */
  private static StateDict dFine(FormulaCheckpoint weights) {
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    for (String name : weights.names()) {
      if (name.contains(".k_proj.") || name.contains(".v_proj.")) {
        continue;
      }
      StoredTensor tensor = weights.tensor(name);
      if (name.contains(".q_proj.")) {
        tensor =
            joined(
                List.of(
                    tensor,
                    weights.tensor(name.replace("q_proj", "k_proj")),
                    weights.tensor(name.replace("q_proj", "v_proj"))));
      }
      tensors.put(dFine(name), tensor);
    }
    tensors.put("decoder.decoder.up", tensors.get("decoder.up"));
    tensors.put("decoder.decoder.reg_scale", tensors.get("decoder.reg_scale"));
    return new StateDict(tensors);
  }

  private static String dFine(String name) {
    String renamed =
        name.replaceFirst(
                "^model\\.(en|de)coder_input_proj\\.(\\d)\\.0\\.", "$1coder.input_proj.$2.conv.")
            .replaceFirst(
                "^model\\.(en|de)coder_input_proj\\.(\\d)\\.1\\.", "$1coder.input_proj.$2.norm.")
            .replaceFirst("^model\\.backbone\\.model\\.embedder\\.", "backbone.stem.")
            .replaceFirst("^model\\.backbone\\.model\\.encoder\\.", "backbone.")
            .replaceFirst("^model\\.enc_output\\.0\\.", "decoder.enc_output.proj.")
            .replaceFirst("^model\\.enc_output\\.1\\.", "decoder.enc_output.norm.")
            .replaceFirst("^model\\.(enc_|denoising_)", "decoder.$1")
            .replaceFirst("^model\\.decoder\\.(layers|lqe_layers)\\.", "decoder.decoder.$1.")
            .replaceFirst("^model\\.decoder\\.class_embed\\.", "decoder.dec_score_head.")
            .replaceFirst("^model\\.decoder\\.bbox_embed\\.", "decoder.dec_bbox_head.")
            .replaceFirst("^model\\.", "")
            .replaceFirst("_blocks\\.(\\d)\\.conv1\\.", "_blocks.$1.cv1.")
            .replaceFirst("_blocks\\.(\\d)\\.conv2\\.", "_blocks.$1.cv2.1.")
            .replaceFirst("_blocks\\.(\\d)\\.conv3\\.", "_blocks.$1.cv3.1.")
            .replaceFirst("_blocks\\.(\\d)\\.conv4\\.", "_blocks.$1.cv4.")
            .replaceFirst("csp_rep1\\.", "cv2.0.")
            .replaceFirst("csp_rep2\\.", "cv3.0.")
            .replaceFirst("downsample_convs\\.(\\d)\\.conv", "downsample_convs.$1.0.cv");
    if (renamed.startsWith("backbone.")) {
      return renamed.replace(".convolution.", ".conv.").replace(".normalization.", ".bn.");
    }
    return renamed
        .replace("encoder_attn.", "cross_attn.")
        .replace("self_attn_layer_norm", "norm1")
        .replaceFirst("^(encoder.*)final_layer_norm", "$1norm2")
        .replaceFirst("^(decoder.*)final_layer_norm", "$1norm3")
        .replaceFirst("\\.fc([12])\\.", ".linear$1.")
        .replace(".q_proj.", ".in_proj_");
  }

  /** From the names that transformers saves to those of Atten4Vis/LW-DETR. */
  private static StateDict lwDetr(FormulaCheckpoint weights) {
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    for (String name : weights.names()) {
      // In the backbone the biases of queries and values stay, and keys have none.
      boolean joined =
          name.contains("attention.attention.")
              ? name.endsWith(".weight")
              : name.matches(".*\\.[qkv]_proj\\..*");
      if (!joined) {
        tensors.put(lwDetr(name), weights.tensor(name));
      } else if (name.contains(".q_proj.") || name.contains(".query.")) {
        tensors.put(
            lwDetr(name),
            joined(
                List.of(
                    weights.tensor(name),
                    weights.tensor(name.replace("q_proj", "k_proj").replace("query", "key")),
                    weights.tensor(name.replace("q_proj", "v_proj").replace("query", "value")))));
      }
    }
    return new StateDict(tensors);
  }

  private static String lwDetr(String name) {
    return name.replaceFirst(
            "^model\\.backbone\\.backbone\\.embeddings\\.position_embeddings$",
            "backbone.0.encoder.pos_embed")
        .replaceFirst(
            "^model\\.backbone\\.backbone\\.embeddings\\.projection\\.",
            "backbone.0.encoder.patch_embed.proj.")
        .replaceFirst(
            "^model\\.backbone\\.backbone\\.encoder\\.layer\\.", "backbone.0.encoder.blocks.")
        .replace(".layernorm_before.", ".norm1.")
        .replace(".layernorm_after.", ".norm2.")
        .replace(".intermediate.", ".mlp.")
        .replace(".attention.attention.query.weight", ".attn.qkv.weight")
        .replace(".attention.attention.query.bias", ".attn.q_bias")
        .replace(".attention.attention.value.bias", ".attn.v_bias")
        .replace(".attention.output.", ".attn.proj.")
        .replaceFirst(
            "^model\\.backbone\\.projector\\.scale_layers\\.0\\.layer_norm\\.",
            "backbone.0.projector.stages.0.1.")
        .replaceFirst(
            "^model\\.backbone\\.projector\\.scale_layers\\.0\\.projector_layer\\.",
            "backbone.0.projector.stages.0.0.")
        .replaceFirst("^(backbone\\.0\\.projector.*)bottlenecks\\.", "$1m.")
        .replaceFirst("^(backbone\\.0\\.projector.*)conv([12])\\.(conv|norm)\\.", "$1cv$2.$3.")
        .replaceFirst("^(backbone\\.0\\.projector.*)\\.norm\\.", "$1.bn.")
        .replaceFirst("^model\\.reference_point_embed", "refpoint_embed")
        .replaceFirst("^model\\.query_feat", "query_feat")
        .replaceFirst("^model\\.(enc_out|decoder)", "transformer.$1")
        .replaceFirst("^(transformer.*)self_attn_layer_norm", "$1norm1")
        .replaceFirst("^(transformer.*)cross_attn_layer_norm", "$1norm2")
        .replaceFirst("^(transformer\\.decoder\\.layers.*)layer_norm", "$1norm3")
        .replace("transformer.decoder.layernorm.", "transformer.decoder.norm.")
        .replaceFirst("^(transformer.*)mlp\\.fc([12])\\.", "$1linear$2.")
        .replaceFirst("^(transformer.*)o_proj\\.", "$1out_proj.")
        .replace(".q_proj.", ".in_proj_");
  }

  /** Tensors one below the other, as one. */
  static StoredTensor joined(List<StoredTensor> parts) {
    return new JoinedRows(parts);
  }

  /** Tensors one below the other. */
  private record JoinedRows(List<StoredTensor> parts) implements StoredTensor {
    @Override
    public String container() {
      return parts.getFirst().container();
    }

    @Override
    public String name() {
      return parts.getFirst().name();
    }

    @Override
    public StoredType storedType() {
      return parts.getFirst().storedType();
    }

    @Override
    public Shape shape() {
      int[] extents = parts.getFirst().shape().toArray();
      extents[0] = Arrays.stream(rows()).sum();
      return Shape.of(extents);
    }

    private int[] rows() {
      return parts.stream().mapToInt(part -> part.shape().get(0)).toArray();
    }

    @Override
    public MemorySegment bytes() {
      MemorySegment joined = Arena.ofAuto().allocate(shape().elements() * storedType().bytes(), 64);
      long at = 0;
      for (StoredTensor part : parts) {
        MemorySegment bytes = part.bytes();
        MemorySegment.copy(bytes, 0, joined, at, bytes.byteSize());
        at += bytes.byteSize();
      }
      return joined.asReadOnly();
    }

    @Override
    public void read(MemorySegment destination) {
      storedType().widen(bytes(), destination, shape().elements());
    }
  }
}
