package dev.detr4j.checkpoint;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.error.CheckpointException;
import dev.detr4j.model.ModelFamilies;
import dev.detr4j.model.deformable.DeformableDetrConfig;
import dev.detr4j.model.deformable.DeformableDetrFamily;
import dev.detr4j.model.deformable.DeformableDetrModel;
import dev.detr4j.model.description.Assumption;
import dev.detr4j.model.description.ModelSource;
import dev.detr4j.model.family.CocoLabels;
import dev.detr4j.model.family.RecognisedModel;
import dev.detr4j.model.family.RecognitionOptions;
import dev.detr4j.model.names.NameTable;
import dev.detr4j.model.names.TensorNames;
import dev.detr4j.model.resnet.ResNetConfig;
import dev.detr4j.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * From the state-dict keys of each project: what is inferred, and that the model then takes every
 * tensor and leaves none.
 */
class NameTableTest {
  @ParameterizedTest
  @CsvSource({
    "original_detr, detr, r50, 1, 100, 92",
    "original_plain, deformable-detr, plain, 4, 300, 91",
    "original_single_scale, deformable-detr, single-scale, 1, 300, 91",
    "original_with_box_refine, deformable-detr, refine, 4, 300, 91",
    "original_with_box_refine_two_stage, deformable-detr, two-stage, 4, 300, 91",
    "detrex_plain, detrex, plain, 4, 300, 80",
    "detrex_with_box_refine, detrex, refine, 4, 300, 80",
    "detrex_with_box_refine_two_stage, detrex, two-stage, 4, 300, 80",
    "mmdet_plain, mmdet, plain, 4, 300, 80",
    "mmdet_with_box_refine, mmdet, refine, 4, 300, 80",
    "mmdet_with_box_refine_two_stage, mmdet, two-stage, 4, 300, 80",
    "birder, birder, refine, 4, 300, 91",
  })
  void recognisesAndTakesEveryKey(
      String keys, String source, String variant, int levels, int queries, int logits)
      throws IOException {
    ListedCheckpoint checkpoint = list(keys);
    RecognisedModel found = ModelFamilies.ALL.recognise(checkpoint, RecognitionOptions.NONE);
    assertEquals(source, found.source().id());
    assertEquals(variant, found.variant());
    assertEquals(
        source.equals("birder") ? "ConvNeXt V2 tiny" : "ResNet-50",
        found.config().backbone().title());
    assertEquals(queries, found.config().numQueries());
    assertEquals(logits, found.config().numLogits());
    assertEquals(6, found.config().transformer().encoderLayers());
    assertEquals(6, found.config().transformer().decoderLayers());
    if (found.config() instanceof DeformableDetrConfig deformable) {
      assertEquals(levels, deformable.numFeatureLevels());
      assertEquals(4, deformable.encoderPoints());
      assertEquals(4, deformable.decoderPoints());
      assertEquals(1024, deformable.transformer().encoderFfnDim());
    }
    assertTakesAll(checkpoint, found);
  }

  /**
   * The lists were made with 91 classes, detrex and mmdetection have 80. mmdetection shows only in
   * values whether decoder layers have heads of their own.
   */
  private static ListedCheckpoint list(String keys) throws IOException {
    ListedCheckpoint checkpoint = ListedCheckpoint.read("names/keys_" + keys + ".txt");
    for (String name : keys.matches("original.*|birder") ? List.<String>of() : checkpoint.names()) {
      if (name.matches(".*(class_embed|cls_branches)\\.\\d\\.(weight|bias)")) {
        checkpoint.put(name, name.endsWith("bias") ? Shape.of(80) : Shape.of(80, 256));
      }
    }
    if (keys.startsWith("mmdet_with")) {
      checkpoint.put("bbox_head.reg_branches.1.4.weight", Shape.of(4, 256), 1);
    }
    return checkpoint;
  }

  private static void assertTakesAll(ListedCheckpoint checkpoint, RecognisedModel found) {
    CheckpointWeights weights = CheckpointWeights.of(checkpoint, found);
    found.config().network(weights);
    assertDoesNotThrow(weights::finish);
  }

  @Test
  void takesTheNamesOfMmdetection2() throws IOException {
    ListedCheckpoint checkpoint = list("mmdet_with_box_refine_two_stage");
    for (String layers : List.of("encoder", "decoder")) {
      String base = "^" + layers + "\\.layers\\.(\\d)\\.";
      String to = "bbox_head.transformer." + layers + ".layers.$1.";
      checkpoint
          .rename(base + "self_attn\\.", to + "attentions.0.")
          .rename(base + "cross_attn\\.", to + "attentions.1.")
          .rename(base + "ffn\\.", to + "ffns.0.")
          .rename(base + "norms\\.", to + "norms.");
    }
    checkpoint
        .rename("^level_embed$", "bbox_head.transformer.level_embeds")
        .rename("^memory_trans_fc\\.", "bbox_head.transformer.enc_output.")
        .rename("^memory_trans_norm\\.", "bbox_head.transformer.enc_output_norm.")
        .rename("^pos_trans_fc\\.", "bbox_head.transformer.pos_trans.")
        .rename("^pos_trans_norm\\.", "bbox_head.transformer.pos_trans_norm.");
    RecognisedModel found = ModelFamilies.ALL.recognise(checkpoint, RecognitionOptions.NONE);
    assertEquals("two-stage", found.variant());
    assertTakesAll(checkpoint, found);
  }

  @Test
  void takesAModelThatWasSavedInItsWrapper() throws IOException {
    ListedCheckpoint checkpoint = list("original_detr").rename("^", "module.");
    assertTakesAll(checkpoint, ModelFamilies.ALL.recognise(checkpoint, RecognitionOptions.NONE));
  }

  @Test
  void ignoresWhatProjectsStoreBesides() throws IOException {
    ListedCheckpoint checkpoint =
        list("original_plain")
            .put("criterion.empty_weight", Shape.of(92))
            .put("total_ops", Shape.of(1))
            .put("transformer.encoder.total_params", Shape.of(1))
            .put("backbone.0.body.bn1.num_batches_tracked", Shape.of(), StoredType.I64);
    assertTakesAll(checkpoint, ModelFamilies.ALL.recognise(checkpoint, RecognitionOptions.NONE));
    ListedCheckpoint mmdet =
        list("mmdet_plain")
            .put("data_preprocessor.mean", Shape.of(3, 1, 1))
            .put("data_preprocessor.std", Shape.of(3, 1, 1));
    assertTakesAll(mmdet, ModelFamilies.ALL.recognise(mmdet, RecognitionOptions.NONE));
  }

  @Test
  void namesWhatIsLeftOver() throws IOException {
    ListedCheckpoint checkpoint =
        list("original_plain").put("transformer.encoder.layers.0.linear3.bias", Shape.of(1));
    RecognisedModel found = ModelFamilies.ALL.recognise(checkpoint, RecognitionOptions.NONE);
    CheckpointWeights weights = CheckpointWeights.of(checkpoint, found);
    new DeformableDetrModel((DeformableDetrConfig) found.config(), weights);
    assertEquals(
        "checkpoint listed.safetensors: 1 unexpected tensor: transformer.encoder.layers.0.linear3.bias;"
            + " the architecture inferred from the other tensors describes a model without it",
        assertThrows(CheckpointException.class, weights::finish).getMessage());
  }

  @Test
  void refusesCopiesThatDiffer() throws IOException {
    for (String name : List.of("class_embed.2.bias", "bbox_embed.0.layers.1.bias")) {
      ListedCheckpoint checkpoint = list("original_plain");
      checkpoint.put(name, checkpoint.tensor(name).shape(), 1);
      RecognisedModel found = ModelFamilies.ALL.recognise(checkpoint, RecognitionOptions.NONE);
      assertTrue(
          assertThrows(
                  CheckpointException.class,
                  () -> found.config().network(CheckpointWeights.of(checkpoint, found)))
              .getMessage()
              .endsWith("differ, expected two names of one tensor"));
    }
    ListedCheckpoint alias =
        list("original_with_box_refine")
            .put("transformer.decoder.bbox_embed.3.layers.0.bias", Shape.of(256), 1);
    RecognisedModel found = ModelFamilies.ALL.recognise(alias, RecognitionOptions.NONE);
    assertThrows(
        CheckpointException.class,
        () -> found.config().network(CheckpointWeights.of(alias, found)));
  }

  @Test
  void splitsJointProjectionsInTheOrderOfTorch() throws IOException {
    ListedCheckpoint checkpoint = list("original_detr");
    String joint = "transformer.decoder.layers.2.multihead_attn.in_proj_bias";
    checkpoint.put(joint, Shape.of(768), 7);
    CheckpointWeights weights =
        CheckpointWeights.of(
            checkpoint, ModelFamilies.ALL.recognise(checkpoint, RecognitionOptions.NONE));
    String attention = "model.decoder.layers.2.encoder_attn.";
    MemorySegment stored = checkpoint.tensor(joint).bytes();
    assertEquals(7, stored.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 0));
    assertEquals(7, Resources.values(weights.get(attention + "q_proj.bias", Shape.of(256)))[0]);
    assertEquals(0, Resources.values(weights.get(attention + "k_proj.bias", Shape.of(256)))[0]);
    assertEquals(
        "rows 3/3 of " + joint, weights.get(attention + "v_proj.bias", Shape.of(256)).name());
  }

  /** Shapes cannot tell these apart, and every project has another order. */
  @Test
  void knowsWhichNormIsWhich() throws IOException {
    String layer = "model.decoder.layers.3.";
    String file = "transformer.decoder.layers.3.";
    TensorNames deformable = names("original_plain");
    assertName(file + "norm2.weight", deformable, layer + "self_attn_layer_norm.weight");
    assertName(file + "norm1.weight", deformable, layer + "encoder_attn_layer_norm.weight");
    assertName(file + "norm3.weight", deformable, layer + "final_layer_norm.weight");
    TensorNames detr = names("original_detr");
    assertName(file + "norm1.weight", detr, layer + "self_attn_layer_norm.weight");
    assertName(file + "norm2.weight", detr, layer + "encoder_attn_layer_norm.weight");
    TensorNames detrex = names("detrex_plain");
    assertName(file + "norms.0.weight", detrex, layer + "self_attn_layer_norm.weight");
    assertName(file + "norms.1.weight", detrex, layer + "encoder_attn_layer_norm.weight");
    NameTable birder = NameTable.of(DeformableDetrFamily.class, "birder.txt");
    assertEquals(
        List.of(file + "norm1.weight"), birder.inFile(layer + "self_attn_layer_norm.weight", 0));
    assertEquals(
        List.of(file + "norm2.weight"), birder.inFile(layer + "encoder_attn_layer_norm.weight", 0));
  }

  private static TensorNames names(String keys) throws IOException {
    return ModelFamilies.ALL.recognise(list(keys), RecognitionOptions.NONE).names();
  }

  private static void assertName(String file, TensorNames names, String canonical) {
    assertEquals(List.of(file), names.candidates(canonical));
  }

  @Test
  void takesTheWordOfTheCallerForDilation() throws IOException {
    ListedCheckpoint single = list("original_single_scale");
    RecognisedModel plain = ModelFamilies.ALL.recognise(single, RecognitionOptions.NONE);
    assertEquals(List.of("variant single-scale-dc5", "labels FILE", "heads N"), otherwise(plain));
    assertEquals(32, stride(plain));
    RecognisedModel dilated =
        ModelFamilies.ALL.recognise(single, new RecognitionOptions(null, "single-scale-dc5", null));
    assertEquals(16, stride(dilated));
    assertEquals(List.of("labels FILE", "heads N"), otherwise(dilated));
    RecognisedModel detr =
        ModelFamilies.ALL.recognise(
            list("original_detr"), new RecognitionOptions(ModelSource.DETR, "r50-dc5", null));
    assertEquals(16, stride(detr));
    assertRefused(
        list("original_plain"),
        new RecognitionOptions(null, "two-stage", null),
        "variant two-stage was requested, but the tensors are those of plain");
    assertRefused(
        list("original_detr"),
        new RecognitionOptions(null, "r101-dc5", null),
        "variant r101-dc5 was requested, but the tensors are those of r50 or r50-dc5");
    assertRefused(
        list("original_plain"),
        new RecognitionOptions(null, null, 100),
        "100 proposals were asked for, but the tensors are those of plain, which has queries of its own");
  }

  /** What can be said of the things that were assumed. */
  private static List<String> otherwise(RecognisedModel model) {
    return model.assumed().stream()
        .map(Assumption::otherwise)
        .filter(Objects::nonNull)
        .sorted(Comparator.reverseOrder())
        .toList();
  }

  private static int stride(RecognisedModel model) {
    return assertInstanceOf(ResNetConfig.class, model.config().backbone()).outputStride();
  }

  @Test
  void saysWhatItSaw() throws IOException {
    assertRefused(
        new ListedCheckpoint().put("a", Shape.of(1)).put("b", Shape.of(1)),
        RecognitionOptions.NONE,
        "its names are those of no known source, expected one of huggingface, detr, deformable-detr,"
            + " detrex, mmdet, birder, table-transformer, conditional-detr, rt-detr, d-fine, rf-detr, lw-detr (2 tensors: a, b)");
    assertRefused(
        list("original_plain"),
        new RecognitionOptions(ModelSource.DETREX, null, null),
        "source detrex was requested, but its names are those of deformable-detr (561 tensors:"
            + " transformer.level_embed, ");
    assertRefused(
        list("original_plain").put("bbox_head.cls_branches.0.weight", Shape.of(80, 256)),
        RecognitionOptions.NONE,
        "its names fit deformable-detr, mmdet, expected one source");
    assertRefused(
        list("original_plain").remove("transformer.encoder.layers.0.linear1.weight"),
        RecognitionOptions.NONE,
        "there is no transformer.encoder.layers.0.linear1.weight, expected in a checkpoint of deformable-detr");
    assertRefused(
        ListedCheckpoint.read("names/keys_hf_plain.txt"),
        RecognitionOptions.NONE,
        "its tensors have Hugging Face names; expected a config.json beside it");
  }

  private static void assertRefused(
      Checkpoint checkpoint, RecognitionOptions options, String message) {
    String actual =
        assertThrows(
                CheckpointException.class, () -> ModelFamilies.ALL.recognise(checkpoint, options))
            .getMessage();
    assertTrue(actual.startsWith("checkpoint listed.safetensors: " + message), actual);
  }

  @Test
  void hasTheNumericsOfEachProject() throws IOException {
    assertEquals(1e-5f, numerics("original_plain").inverseSigmoidEpsilon());
    assertEquals(1e-3f, numerics("detrex_plain").inverseSigmoidEpsilon());
    assertFalse(numerics("mmdet_plain").neckBias());
    assertEquals(-0.5f, numerics("mmdet_plain").sineOffset());
    assertEquals(0, numerics("birder").sineOffset());
    assertEquals("person", labels("detrex_plain").get(0));
    assertEquals("toothbrush", labels("mmdet_plain").get(79));
    assertEquals("cat", labels("original_plain").get(17));
    assertEquals("N/A", labels("original_detr").get(12));
    assertEquals(91, labels("original_detr").size());
    assertEquals("street sign", CocoLabels.birder().get(11));
    assertEquals("cellphone", CocoLabels.birder().get(76));
  }

  private static List<String> labels(String keys) throws IOException {
    return ModelFamilies.ALL.recognise(list(keys), RecognitionOptions.NONE).config().labels();
  }

  private static DeformableDetrConfig.Numerics numerics(String keys) throws IOException {
    RecognisedModel found = ModelFamilies.ALL.recognise(list(keys), RecognitionOptions.NONE);
    return assertInstanceOf(DeformableDetrConfig.class, found.config()).numerics();
  }
}
