package dev.detr4j.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.detr4j.error.CheckpointException;
import dev.detr4j.model.ModelFamilies;
import dev.detr4j.model.family.ModelConfig;
import dev.detr4j.tensor.Shape;
import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Every tensor of an architecture is found, with its shape, in the key lists of transformers'
 * models, and nothing is left over. Lists {@code keys_*} are modules in memory (5.x), lists of
 * cases are what {@code save_pretrained} writes.
 */
class HuggingFaceNamesTest {
  @ParameterizedTest
  @CsvSource({
    "keys_hf_detr.txt, hf_detr_r50",
    "keys_hf_plain.txt, hf_deformable_plain",
    "keys_hf_two_stage.txt, hf_deformable_two_stage",
    "hf_deformable_plain/tensors.txt, hf_deformable_plain",
    "hf_deformable_refine/tensors.txt, hf_deformable_refine",
    "hf_deformable_single_scale/tensors.txt, hf_deformable_single_scale",
    "hf_deformable_small_native_resnet/tensors.txt, hf_deformable_small_native_resnet",
    "hf_deformable_two_stage/tensors.txt, hf_deformable_two_stage",
    "hf_detr_no_timm_names/tensors.txt, hf_detr_no_timm_names",
    "hf_detr_r50/tensors.txt, hf_detr_r50",
  })
  void resolvesEveryKey(String keys, String config) throws IOException {
    resolve(ListedCheckpoint.read("names/" + keys), config(config));
  }

  @ParameterizedTest
  @CsvSource({
    "hf_deformable_refine, model\\.decoder\\.bbox_embed, bbox_embed",
    "hf_deformable_two_stage, model\\.decoder\\.(bbox|class)_embed, $1_embed",
    "hf_deformable_two_stage, 'fc([12])\\.', 'mlp.fc$1.'",
    "hf_detr_r50, 'encoder\\.(.*)out_proj', 'encoder.$1o_proj'",
    "hf_detr_no_timm_names, 'backbone\\.conv_encoder', 'backbone'",
    "hf_deformable_plain, '_embed\\.0\\.', '_embed.5.'",
  })
  void acceptsTheOtherName(String name, String from, String to) throws IOException {
    resolve(ListedCheckpoint.read("names/" + name + "/tensors.txt").rename(from, to), config(name));
  }

  @Test
  void acceptsWhatOldFilesHoldBesides() throws IOException {
    ListedCheckpoint checkpoint = ListedCheckpoint.read("names/hf_deformable_plain/tensors.txt");
    for (int stage = 1; stage <= 4; stage++) {
      checkpoint.put(
          "model.backbone.conv_encoder.model.layer" + stage + ".0.downsample.1.num_batches_tracked",
          Shape.of(),
          StoredType.I64);
    }
    resolve(checkpoint, config("hf_deformable_plain"));
  }

  @Test
  void acceptsStagesBehindTheLastTap() throws IOException {
    String json =
        Resources.text("names/hf_deformable_small_native_resnet/config.json")
            .replace(
                "\"out_features\": [\"stage2\", \"stage3\", \"stage4\"], \"out_indices\": [2, 3, 4]",
                "\"out_indices\": [2, 3]");
    ListedCheckpoint checkpoint =
        ListedCheckpoint.read("names/hf_deformable_small_native_resnet/tensors.txt")
            .put("model.input_proj.2.0.weight", Shape.of(128, 128, 3, 3))
            .put("model.input_proj.3.0.weight", Shape.of(128, 128, 3, 3));
    resolve(checkpoint, ConfigReaderTest.parse(json));
  }

  @Test
  void tiedNamesGiveOneWeight() throws IOException {
    ModelConfig plain = config("hf_deformable_plain");
    CheckpointWeights weights = weights(ListedCheckpoint.read("names/keys_hf_plain.txt"), plain);
    assertSame(
        weights.get("class_embed.0.weight", Shape.of(91, 256)),
        weights.get("class_embed.5.weight", Shape.of(91, 256)));
    ModelConfig twoStage = config("hf_deformable_two_stage");
    ListedCheckpoint both = ListedCheckpoint.read("names/keys_hf_two_stage.txt");
    String file = weights(both, twoStage).get("bbox_embed.6.layers.2.bias", Shape.of(4)).name();
    assertEquals("model.decoder.bbox_embed.6.layers.2.bias", file);
  }

  @Test
  void refusesTiedNamesThatDiffer() throws IOException {
    ListedCheckpoint checkpoint =
        ListedCheckpoint.read("names/keys_hf_two_stage.txt")
            .put("bbox_embed.3.layers.2.bias", Shape.of(4), 1);
    assertRejected(
        checkpoint,
        "hf_deformable_two_stage",
        "checkpoint listed.safetensors: tensors model.decoder.bbox_embed.3.layers.2.bias and bbox_embed.3.layers.2.bias"
            + " differ, expected two names of one tensor");
  }

  @Test
  void namesAMissingTensorAndWhereItLooked() throws IOException {
    assertRejected(
        ListedCheckpoint.read("names/hf_detr_r50/tensors.txt")
            .remove("model.encoder.layers.3.fc1.weight"),
        "hf_detr_r50",
        "checkpoint listed.safetensors: tensor model.encoder.layers.3.mlp.fc1.weight [2048, 256] is missing; looked for"
            + " model.encoder.layers.3.fc1.weight, model.encoder.layers.3.mlp.fc1.weight");
    assertRejected(
        ListedCheckpoint.read("names/hf_detr_r50/tensors.txt")
            .remove("model.backbone.conv_encoder.model.layer2.0.downsample.1.bias"),
        "hf_detr_r50",
        "checkpoint listed.safetensors: tensor backbone.layer2.0.downsample.1.bias [512] is missing; looked for"
            + " model.backbone.conv_encoder.model.layer2.0.downsample.1.bias,"
            + " model.backbone.model.layer2.0.downsample.1.bias,"
            + " model.backbone.conv_encoder.model.encoder.stages.1.layers.0.shortcut.normalization.bias,"
            + " model.backbone.model.encoder.stages.1.layers.0.shortcut.normalization.bias");
  }

  @Test
  void namesAMisshapenTensorAndTheReason() throws IOException {
    ListedCheckpoint checkpoint =
        ListedCheckpoint.read("names/hf_detr_r50/tensors.txt")
            .put("model.encoder.layers.3.fc1.weight", Shape.of(2048, 128));
    CheckpointWeights weights = weights(checkpoint, config("hf_detr_r50"));
    String message =
        assertThrows(
                CheckpointException.class,
                () ->
                    weights.get(
                        "model.encoder.layers.3.mlp.fc1.weight",
                        Shape.of(2048, 256),
                        "d_model = 256"))
            .getMessage();
    assertEquals(
        "checkpoint listed.safetensors: tensor model.encoder.layers.3.fc1.weight has shape [2048, 128], config.json says"
            + " [2048, 256] (d_model = 256)",
        message);
  }

  @Test
  void namesTensorsThatAreLeftOver() throws IOException {
    assertRejected(
        ListedCheckpoint.read("names/hf_deformable_two_stage/tensors.txt")
            .put("model.encoder.layers.6.fc1.weight", Shape.of(1)),
        "hf_deformable_two_stage",
        "checkpoint listed.safetensors: 1 unexpected tensor: model.encoder.layers.6.fc1.weight; config.json describes a"
            + " model without it");
    assertRejected(
        ListedCheckpoint.read("names/hf_deformable_two_stage/tensors.txt"),
        "hf_deformable_refine",
        "checkpoint listed.safetensors: tensor model.query_position_embeddings.weight [300, 512] is missing; looked for"
            + " model.query_position_embeddings.weight");
  }

  @Test
  void refusesIntegersAsWeights() throws IOException {
    assertRejected(
        ListedCheckpoint.read("names/hf_detr_r50/tensors.txt")
            .put("class_labels_classifier.bias", Shape.of(92), StoredType.I32),
        "hf_detr_r50",
        "checkpoint listed.safetensors: tensor class_labels_classifier.bias holds I32 elements, expected one of F32, F16,"
            + " BF16, F64");
  }

  private static ModelConfig config(String name) {
    return ModelFamilies.ALL.read(Resources.path("names/" + name + "/config.json"));
  }

  private static CheckpointWeights weights(Checkpoint checkpoint, ModelConfig config) {
    return new CheckpointWeights(checkpoint, config.family().huggingFaceNames(config));
  }

  private static void resolve(Checkpoint checkpoint, ModelConfig config) {
    CheckpointWeights weights = weights(checkpoint, config);
    for (Map.Entry<String, Shape> tensor : CanonicalTensors.of(config).entrySet()) {
      assertEquals(tensor.getValue(), weights.get(tensor.getKey(), tensor.getValue()).shape());
    }
    weights.finish();
  }

  private static void assertRejected(Checkpoint checkpoint, String config, String message) {
    assertEquals(
        message,
        assertThrows(CheckpointException.class, () -> resolve(checkpoint, config(config)))
            .getMessage());
  }
}
