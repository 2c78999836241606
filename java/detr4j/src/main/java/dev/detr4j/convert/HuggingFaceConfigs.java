package dev.detr4j.convert;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import dev.detr4j.checkpoint.DeformableDetrConfig;
import dev.detr4j.checkpoint.DetrConfig;
import dev.detr4j.checkpoint.ModelConfig;
import dev.detr4j.checkpoint.ModelConfig.TransformerConfig;
import dev.detr4j.checkpoint.PreprocessorConfig;
import dev.detr4j.checkpoint.ResNetConfig;
import dev.detr4j.op.Activation;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The configuration files of a Hugging Face model folder, in the style of the published ones, which
 * transformers 4 and 5 read.
 */
final class HuggingFaceConfigs {
  private static final DefaultIndenter INDENTER = new DefaultIndenter("  ", "\n");
  private static final Separators SEPARATORS =
      Separators.createDefaultInstance().withObjectFieldValueSpacing(Separators.Spacing.AFTER);

  private HuggingFaceConfigs() {}

  private interface Body {
    void write(JsonGenerator json) throws IOException;
  }

  private static byte[] object(Body body) {
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
      json.setPrettyPrinter(new DefaultPrettyPrinter(SEPARATORS).withObjectIndenter(INDENTER));
      json.writeStartObject();
      body.write(json);
      json.writeEndObject();
      json.writeRaw('\n');
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory", e);
    }
    return text.toByteArray();
  }

  /**
   * The {@code config.json} of a model with a ResNet.
   *
   * @param timm timm's name of the backbone; null for transformers' own ResNet
   */
  static byte[] config(ModelConfig config, ResNetConfig backbone, @Nullable String timm) {
    return object(json -> {
      boolean deformable = config instanceof DeformableDetrConfig;
      json.writeArrayFieldStart("architectures");
      json.writeString(deformable ? "DeformableDetrForObjectDetection" : "DetrForObjectDetection");
      json.writeEndArray();
      json.writeStringField("model_type", deformable ? "deformable_detr" : "detr");
      backbone(json, backbone, timm, deformable);
      transformer(json, config.transformer());
      switch (config) {
        case DetrConfig detr -> json.writeNumberField("num_queries", detr.numQueries());
        case DeformableDetrConfig levels -> deformable(json, levels);
      }
      json.writeBooleanField("auxiliary_loss", false);
      json.writeStringField("position_embedding_type", "sine");
      json.writeStringField("torch_dtype", "float32");
      labels(json, config.labels());
    });
  }

  private static void backbone(
      JsonGenerator json, ResNetConfig backbone, @Nullable String timm, boolean deformable)
      throws IOException {
    json.writeBooleanField("use_timm_backbone", timm != null);
    json.writeBooleanField("use_pretrained_backbone", false);
    json.writeNumberField("num_channels", 3);
    if (timm != null) {
      json.writeStringField("backbone", timm);
      json.writeBooleanField("dilation", backbone.outputStride() == 16);
      if (deformable && !backbone.taps().equals(List.of(2, 3, 4)) && backbone.taps().size() > 1) {
        json.writeObjectFieldStart("backbone_kwargs");
        integers(json, "out_indices", backbone.taps());
        json.writeEndObject();
      }
      return;
    }
    json.writeNullField("backbone");
    json.writeBooleanField("dilation", false);
    json.writeObjectFieldStart("backbone_config");
    json.writeStringField("model_type", "resnet");
    json.writeNumberField("num_channels", 3);
    json.writeNumberField("embedding_size", backbone.stemWidth());
    integers(json, "depths", backbone.depths());
    integers(json, "hidden_sizes", backbone.widths());
    json.writeStringField(
        "layer_type", backbone.block() == ResNetConfig.Block.BASIC ? "basic" : "bottleneck");
    json.writeStringField("hidden_act", "relu");
    json.writeBooleanField("downsample_in_first_stage", backbone.strideInFirstStage());
    json.writeBooleanField("downsample_in_bottleneck", backbone.strideIn1x1());
    json.writeArrayFieldStart("out_features");
    // DETR looks at the last map only, and its class asks for all of them.
    for (int stage : deformable ? backbone.taps() : List.of(1, 2, 3, 4)) {
      json.writeString("stage" + stage);
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private static void integers(JsonGenerator json, String name, List<Integer> values)
      throws IOException {
    json.writeArrayFieldStart(name);
    for (int value : values) {
      json.writeNumber(value);
    }
    json.writeEndArray();
  }

  private static void transformer(JsonGenerator json, TransformerConfig transformer)
      throws IOException {
    json.writeNumberField("d_model", transformer.dModel());
    json.writeNumberField("encoder_layers", transformer.encoderLayers());
    json.writeNumberField("encoder_attention_heads", transformer.encoderHeads());
    json.writeNumberField("encoder_ffn_dim", transformer.encoderFfnDim());
    json.writeNumberField("decoder_layers", transformer.decoderLayers());
    json.writeNumberField("decoder_attention_heads", transformer.decoderHeads());
    json.writeNumberField("decoder_ffn_dim", transformer.decoderFfnDim());
    json.writeStringField(
        "activation_function", transformer.activation() == Activation.GELU ? "gelu" : "relu");
  }

  private static void deformable(JsonGenerator json, DeformableDetrConfig config)
      throws IOException {
    json.writeNumberField("num_queries", config.numQueries());
    json.writeNumberField("num_feature_levels", config.numFeatureLevels());
    json.writeNumberField("encoder_n_points", config.encoderPoints());
    json.writeNumberField("decoder_n_points", config.decoderPoints());
    json.writeBooleanField("with_box_refine", config.withBoxRefine());
    json.writeBooleanField("two_stage", config.twoStage());
    if (config.twoStage()) {
      json.writeNumberField("two_stage_num_proposals", config.numQueries());
    }
  }

  private static void labels(JsonGenerator json, List<String> labels) throws IOException {
    json.writeObjectFieldStart("id2label");
    for (int i = 0; i < labels.size(); i++) {
      json.writeStringField(Integer.toString(i), labels.get(i));
    }
    json.writeEndObject();
    json.writeObjectFieldStart("label2id");
    for (int i = 0; i < labels.size(); i++) {
      // Several ids may have one name, as the unused ones do; transformers keeps the last.
      if (labels.lastIndexOf(labels.get(i)) == i) {
        json.writeNumberField(labels.get(i), i);
      }
    }
    json.writeEndObject();
  }

  /** The {@code preprocessor_config.json} with the size rule and statistics of all these models. */
  static byte[] preprocessor(ModelConfig config) {
    PreprocessorConfig standard = PreprocessorConfig.defaults();
    PreprocessorConfig.Edges edges = (PreprocessorConfig.Edges) standard.size();
    if (edges == null) {
      throw new IllegalStateException("the standard is to resize");
    }
    return object(json -> {
      json.writeStringField(
          "image_processor_type",
          config instanceof DeformableDetrConfig
              ? "DeformableDetrImageProcessor"
              : "DetrImageProcessor");
      json.writeStringField("format", "coco_detection");
      json.writeBooleanField("do_resize", true);
      json.writeObjectFieldStart("size");
      json.writeNumberField("shortest_edge", edges.shortest());
      json.writeNumberField("longest_edge", edges.longest());
      json.writeEndObject();
      json.writeNumberField("resample", 2);
      json.writeBooleanField("do_rescale", true);
      json.writeNumberField("rescale_factor", standard.rescaleFactor());
      json.writeBooleanField("do_normalize", true);
      numbers(json, "image_mean", standard.mean());
      numbers(json, "image_std", standard.std());
      json.writeBooleanField("do_pad", true);
    });
  }

  private static void numbers(JsonGenerator json, String name, List<Double> values)
      throws IOException {
    json.writeArrayFieldStart(name);
    for (double value : values) {
      json.writeNumber(value);
    }
    json.writeEndArray();
  }
}
