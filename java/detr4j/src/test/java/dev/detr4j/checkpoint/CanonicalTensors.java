package dev.detr4j.checkpoint;

import dev.detr4j.model.deformable.DeformableDetrConfig;
import dev.detr4j.model.detr.DetrConfig;
import dev.detr4j.model.family.ModelConfig;
import dev.detr4j.model.resnet.ResNetConfig;
import dev.detr4j.tensor.Shape;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The canonical names and shapes of everything that inference needs, written out from the papers'
 * architecture.
 */
final class CanonicalTensors {
  private final Map<String, Shape> tensors = new LinkedHashMap<>();

  private CanonicalTensors() {}

  static Map<String, Shape> of(ModelConfig config) {
    CanonicalTensors list = new CanonicalTensors();
    list.resnet((ResNetConfig) config.backbone());
    int d = config.transformer().dModel();
    int last = config.transformer().decoderLayers() - 1;
    switch (config) {
      case DetrConfig detr -> {
        list.affine("model.input_projection", d, detr.backbone().lastWidth(), 1, 1);
        list.tensors.put("model.query_position_embeddings.weight", Shape.of(detr.numQueries(), d));
        list.transformer(config.transformer(), 0, 0, 0);
        list.norm("model.decoder.layernorm", d);
        list.affine("class_labels_classifier", detr.labels().size() + 1, d);
        list.boxHead("bbox_predictor", d);
      }
      case DeformableDetrConfig deformable -> {
        int levels = deformable.numFeatureLevels();
        int channels = 0;
        for (int level = 0; level < levels; level++) {
          boolean tap = level < deformable.backbone().taps().size();
          int stage = tap ? deformable.backbone().taps().get(level) : 0;
          channels = tap ? deformable.backbone().widths().get(stage - 1) : channels;
          list.affine("model.input_proj." + level + ".0", d, channels, tap ? 1 : 3, tap ? 1 : 3);
          list.norm("model.input_proj." + level + ".1", d);
          channels = tap ? channels : d;
        }
        list.tensors.put("model.level_embed", Shape.of(levels, d));
        list.transformer(
            config.transformer(), levels, deformable.encoderPoints(), deformable.decoderPoints());
        if (deformable.twoStage()) {
          list.affine("model.enc_output", d, d);
          list.norm("model.enc_output_norm", d);
          list.affine("model.pos_trans", 2 * d, 2 * d);
          list.norm("model.pos_trans_norm", 2 * d);
          list.affine("class_embed." + (last + 1), deformable.labels().size(), d);
          list.boxHead("bbox_embed." + (last + 1), d);
        } else {
          list.tensors.put(
              "model.query_position_embeddings.weight", Shape.of(deformable.numQueries(), 2 * d));
          list.affine("model.reference_points", 2, d);
        }
        list.affine("class_embed." + last, deformable.labels().size(), d);
        for (int layer = deformable.withBoxRefine() ? 0 : last; layer <= last; layer++) {
          list.boxHead("bbox_embed." + layer, d);
        }
      }
      default -> throw new IllegalArgumentException("no list for " + config);
    }
    return list.tensors;
  }

  private void resnet(ResNetConfig config) {
    convolution("backbone.conv1", "backbone.bn1", config.stemWidth(), 3, 7);
    for (int stage = 1; stage <= config.stages(); stage++) {
      int width = config.widths().get(stage - 1);
      for (int block = 0; block < config.depths().get(stage - 1); block++) {
        String name = "backbone.layer" + stage + "." + block + ".";
        int in = block == 0 ? config.inputWidth(stage) : width;
        if (config.block() == ResNetConfig.Block.BASIC) {
          convolution(name + "conv1", name + "bn1", width, in, 3);
          convolution(name + "conv2", name + "bn2", width, width, 3);
        } else {
          convolution(name + "conv1", name + "bn1", width / 4, in, 1);
          convolution(name + "conv2", name + "bn2", width / 4, width / 4, 3);
          convolution(name + "conv3", name + "bn3", width, width / 4, 1);
        }
        if (block == 0 && config.hasDownsample(stage)) {
          convolution(name + "downsample.0", name + "downsample.1", width, in, 1);
        }
      }
    }
  }

  private void convolution(String conv, String norm, int out, int in, int kernel) {
    tensors.put(conv + ".weight", Shape.of(out, in, kernel, kernel));
    norm(norm, out);
    tensors.put(norm + ".running_mean", Shape.of(out));
    tensors.put(norm + ".running_var", Shape.of(out));
  }

  /** Plain attention where {@code levels} is 0. */
  private void transformer(
      ModelConfig.TransformerConfig config, int levels, int encoderPoints, int decoderPoints) {
    int d = config.dModel();
    for (int layer = 0; layer < config.encoderLayers(); layer++) {
      String name = "model.encoder.layers." + layer + ".";
      attention(name + "self_attn", d, config.encoderHeads() * levels * encoderPoints);
      norm(name + "self_attn_layer_norm", d);
      feedForward(name, d, config.encoderFfnDim());
    }
    for (int layer = 0; layer < config.decoderLayers(); layer++) {
      String name = "model.decoder.layers." + layer + ".";
      attention(name + "self_attn", d, 0);
      norm(name + "self_attn_layer_norm", d);
      attention(name + "encoder_attn", d, config.decoderHeads() * levels * decoderPoints);
      norm(name + "encoder_attn_layer_norm", d);
      feedForward(name, d, config.decoderFfnDim());
    }
  }

  private void attention(String name, int d, int samples) {
    if (samples == 0) {
      for (String projection : new String[] {".q_proj", ".k_proj", ".v_proj", ".o_proj"}) {
        affine(name + projection, d, d);
      }
    } else {
      affine(name + ".sampling_offsets", 2 * samples, d);
      affine(name + ".attention_weights", samples, d);
      affine(name + ".value_proj", d, d);
      affine(name + ".output_proj", d, d);
    }
  }

  private void feedForward(String layer, int d, int inner) {
    affine(layer + "mlp.fc1", inner, d);
    affine(layer + "mlp.fc2", d, inner);
    norm(layer + "final_layer_norm", d);
  }

  private void boxHead(String name, int d) {
    affine(name + ".layers.0", d, d);
    affine(name + ".layers.1", d, d);
    affine(name + ".layers.2", 4, d);
  }

  private void affine(String name, int... extents) {
    tensors.put(name + ".weight", Shape.of(extents));
    tensors.put(name + ".bias", Shape.of(extents[0]));
  }

  private void norm(String name, int channels) {
    tensors.put(name + ".weight", Shape.of(channels));
    tensors.put(name + ".bias", Shape.of(channels));
  }
}
