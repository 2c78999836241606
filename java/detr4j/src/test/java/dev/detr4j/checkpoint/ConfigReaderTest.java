package dev.detr4j.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.error.ModelConfigException;
import dev.detr4j.json.JsonObject;
import dev.detr4j.model.ModelFamilies;
import dev.detr4j.model.deformable.DeformableDetrConfig;
import dev.detr4j.model.family.ModelConfig;
import dev.detr4j.model.family.ModelFamily;
import dev.detr4j.model.resnet.ResNetConfig;
import dev.detr4j.op.Activation;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigReaderTest {
  private static ResNetConfig resnet(ModelConfig config) {
    return assertInstanceOf(ResNetConfig.class, config.backbone());
  }

  static ModelConfig parse(String json) {
    return ModelFamilies.ALL.read(
        JsonObject.parse(
            "config.json", json.getBytes(StandardCharsets.UTF_8), ModelConfigException::new));
  }

  private static DeformableDetrConfig deformable(String name) {
    return assertInstanceOf(
        DeformableDetrConfig.class,
        ModelFamilies.ALL.read(Resources.path("names/" + name + "/config.json")));
  }

  @Test
  void readsTheDefaultsOfBothClasses() {
    ModelConfig detr = parse("{\"model_type\": \"detr\"}");
    assertEquals(
        new ModelConfig.TransformerConfig(256, 6, 8, 2048, 6, 8, 2048, Activation.RELU),
        detr.transformer());
    assertEquals(100, detr.numQueries());
    assertEquals(List.of("LABEL_0", "LABEL_1"), detr.labels());
    assertEquals(3, detr.numLogits());
    assertEquals(List.of(1, 2, 3, 4), detr.backbone().taps());
    DeformableDetrConfig deformable =
        assertInstanceOf(
            DeformableDetrConfig.class, parse("{\"model_type\": \"deformable_detr\"}"));
    assertEquals(1024, deformable.transformer().encoderFfnDim());
    assertEquals(300, deformable.numQueries());
    assertEquals(2, deformable.numLogits());
    assertEquals(4, deformable.numFeatureLevels());
    assertEquals(List.of(2, 3, 4), deformable.backbone().taps());
    assertEquals(ResNetConfig.Origin.TIMM, resnet(deformable).origin());
    assertFalse(deformable.withBoxRefine() || deformable.twoStage());
  }

  @Test
  void readsWhatTransformersWrites() {
    DeformableDetrConfig twoStage = deformable("hf_deformable_two_stage");
    assertTrue(twoStage.withBoxRefine() && twoStage.twoStage());
    assertEquals(91, twoStage.labels().size());
    DeformableDetrConfig single = deformable("hf_deformable_single_scale");
    assertEquals(1, single.numFeatureLevels());
    assertEquals(List.of(4), single.backbone().taps());
    DeformableDetrConfig small = deformable("hf_deformable_small_native_resnet");
    assertEquals(40, small.numQueries());
    assertEquals(
        new ResNetConfig(
            ResNetConfig.Block.BOTTLENECK,
            32,
            List.of(1, 2, 2, 1),
            List.of(32, 64, 128, 256),
            false,
            false,
            32,
            List.of(2, 3, 4),
            ResNetConfig.Origin.TRANSFORMERS),
        small.backbone());
    assertFalse(resnet(small).hasDownsample(1));
    assertTrue(resnet(small).hasDownsample(2));
  }

  /**
   * As published: facebook/detr-resnet-101-dc5 and SenseTime/deformable-detr-single-scale-dc5 look
   * like this.
   */
  @Test
  void readsThePublishedStyleOfFourX() {
    ModelConfig detr =
        parse(
            """
            {"architectures": ["DetrForObjectDetection"], "backbone": "resnet101", "dilation": true,
             "classifier_dropout": 0.0, "d_model": 256, "encoder_layers": 6, "num_hidden_layers": 6,
             "id2label": {"0": "N/A", "2": "bicycle", "1": "person"}, "max_position_embeddings": 1024,
             "model_type": "detr", "scale_embedding": false, "torch_dtype": "float32"}
            """);
    assertEquals(List.of("N/A", "person", "bicycle"), detr.labels());
    assertEquals(4, detr.numLogits());
    ResNetConfig dc5 = resnet(detr);
    assertEquals(List.of(3, 4, 23, 3), dc5.depths());
    assertEquals(16, dc5.outputStride());
    assertEquals(
        List.of(1, 1, 1, 2),
        List.of(dc5.dilation(1), dc5.dilation(2), dc5.dilation(3), dc5.dilation(4)));
    assertEquals(
        List.of(1, 2, 2, 1), List.of(dc5.stride(1), dc5.stride(2), dc5.stride(3), dc5.stride(4)));
    assertEquals(1, dc5.firstDilation(4));
    ModelConfig single =
        parse(
            """
            {"model_type": "deformable_detr", "backbone": "resnet50", "backbone_config": null, "use_timm_backbone": true,
             "dilation": true, "num_feature_levels": 1, "num_labels": 91, "use_pretrained_backbone": true}
            """);
    assertEquals(List.of(4), single.backbone().taps());
    assertEquals(16, resnet(single).outputStride());
    assertEquals(91, single.labels().size());
  }

  @Test
  void readsLaterFourXStyles() {
    ModelConfig kwargs =
        parse(
            """
            {"model_type": "deformable_detr", "backbone": "resnet50", "use_timm_backbone": true, "dilation": true,
             "backbone_kwargs": {"in_chans": 3, "out_indices": [2, 3, 4], "output_stride": 16}}
            """);
    assertEquals(List.of(2, 3, 4), kwargs.backbone().taps());
    assertEquals(16, resnet(kwargs).outputStride());
    ModelConfig noTimm =
        parse(
            "{\"model_type\": \"detr\", \"use_timm_backbone\": false, \"backbone_config\": null}");
    assertEquals(ResNetConfig.Origin.TRANSFORMERS, resnet(noTimm).origin());
    assertEquals(List.of(4), noTimm.backbone().taps());
    ModelConfig alias =
        parse(
            "{\"model_type\": \"detr\", \"hidden_size\": 128, \"num_attention_heads\": 4, \"num_hidden_layers\": 2}");
    assertEquals(
        new ModelConfig.TransformerConfig(128, 2, 4, 2048, 6, 8, 2048, Activation.RELU),
        alias.transformer());
  }

  @Test
  void readsBackbonesOfFiveX() {
    ResNetConfig basic =
        resnet(
            parse(
                """
                {"model_type": "detr", "dilation": true, "activation_function": "gelu", "backbone_config":
                 {"model_type": "timm_backbone", "backbone": "timm/resnet18.tv_in1k", "out_indices": [-1]}}
                """));
    assertEquals(ResNetConfig.Block.BASIC, basic.block());
    assertEquals(List.of(64, 128, 256, 512), basic.widths());
    assertEquals(32, basic.outputStride(), "a backbone_config wins over dilation");
    assertEquals(List.of(4), basic.taps());
    assertFalse(basic.hasDownsample(1));
    ResNetConfig five =
        resnet(
            parse(
                """
                {"model_type": "deformable_detr", "backbone_config": {"model_type": "resnet", "depths": [1, 1, 1, 1, 1],
                 "hidden_sizes": [8, 16, 32, 64, 128], "layer_type": "basic", "downsample_in_first_stage": true,
                 "downsample_in_bottleneck": true, "out_features": ["stage3", "stage5"]}}
                """));
    assertEquals(List.of(3, 5), five.taps());
    assertEquals(128, five.outputStride());
    assertEquals(2, five.stride(1));
    assertEquals(2, five.stride(5));
    assertTrue(five.hasDownsample(1));
  }

  /** {@code {int(key): value for key, value in id2label.items()}} and what Python prints. */
  @Test
  void namesClassesAsTransformersDoes() {
    assertEquals(
        List.of("0", "1", "True", "2.5"),
        parse(
                """
                {"model_type": "detr", "id2label": {"0": 0, "1": 1, "2": true, "3": 2.5}}
                """)
            .labels());
    assertEquals(
        List.of("a", "b", "c", "d", "LABEL_4"),
        parse(
                """
                {"model_type": "detr", "id2label": {"00": "a", " 01": "b", "+2": "c", "0_3": "d", "4": null}}
                """)
            .labels());
    assertEquals(
        List.of("later"),
        parse("{\"model_type\": \"detr\", \"id2label\": {\"0\": \"a\", \"-0\": \"later\"}}")
            .labels());
  }

  @Test
  void doesNotMindNumbersThatNobodyAsksFor() {
    ModelConfig config =
        parse(
            """
            {"model_type": "detr", "giou_cost": NaN, "bbox_cost": [Infinity, -Infinity],
             "seed": 123456789012345678901234567890, "task_specific_params": {"a": [null]}}
            """);
    assertEquals(100, config.numQueries());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{} | model_type is missing, supported are FAMILIES",
        "{\"model_type\": \"vit\"} | model_type is \"vit\", supported are FAMILIES",
        "{\"model_type\": \"detr\", \"architectures\": [\"DetrForSegmentation\"]} | architectures is [DetrForSegmentation], expected DetrForObjectDetection",
        "{\"model_type\": \"detr\", \"position_embedding_type\": \"learned\"} | position_embedding_type is \"learned\", supported is sine",
        "{\"model_type\": \"detr\", \"pre_norm\": true} | pre_norm is true, supported are post-norm transformers only",
        "{\"model_type\": \"detr\", \"num_channels\": 1} | num_channels is 1, expected 3 (RGB)",
        "{\"model_type\": \"detr\", \"activation_function\": \"quick_gelu\"} | activation_function is \"quick_gelu\", supported are relu, gelu and silu",
        "{\"model_type\": \"detr\", \"d_model\": \"256\"} | d_model is \"256\", expected an integer",
        "{\"model_type\": \"detr\", \"d_model\": 2147483648} | d_model is 2147483648, expected 4 to 65536",
        "{\"model_type\": \"detr\", \"d_model\": 252} | d_model is 252, expected a multiple of the 8 attention heads",
        "{\"model_type\": \"detr\", \"d_model\": 250} | d_model is 250, expected a multiple of 4 (sine and cosine of two axes)",
        "{\"model_type\": \"deformable_detr\", \"d_model\": 240} | d_model is 240, expected a multiple of the 32 groups of the input projection's norm",
        "{\"model_type\": \"deformable_detr\", \"two_stage\": true} | two_stage is true and with_box_refine is false, expected both to be true",
        "{\"model_type\": \"deformable_detr\", \"num_feature_levels\": 2} | num_feature_levels is 2, but the backbone hands out 3 feature maps, expected at most as many",
        "{\"model_type\": \"detr\", \"num_queries\": 0} | num_queries is 0, expected 1 to 100000",
        "{\"model_type\": \"detr\", \"backbone\": \"resnet50d\"} | backbone is \"resnet50d\", supported are timm's resnet18, resnet26, resnet34, resnet50, resnet101 and resnet152",
        "{\"model_type\": \"detr\", \"backbone_config\": {\"model_type\": \"swin\"}} | backbone_config: model_type is \"swin\", supported are timm_backbone and resnet",
        "{\"model_type\": \"detr\", \"backbone_config\": {\"model_type\": \"resnet\", \"hidden_act\": \"gelu\"}} | backbone_config: hidden_act is \"gelu\", supported is relu",
        "{\"model_type\": \"detr\", \"backbone_config\": {\"model_type\": \"resnet\", \"depths\": [1, 2]}} | backbone_config: depths and hidden_sizes have 2 and 4 stages, expected the same number, 1 to 8",
        "{\"model_type\": \"detr\", \"backbone_config\": {\"model_type\": \"timm_backbone\", \"backbone\": \"resnet50\", \"out_indices\": [0]}} | backbone_config: out_indices names [0], expected ascending stages from 1 (the stem is not supported)",
        "{\"model_type\": \"detr\", \"backbone_config\": {\"model_type\": \"timm_backbone\", \"backbone\": \"resnet50\", \"output_stride\": 4}} | backbone_config: output_stride is 4, supported are 8, 16 and 32",
        "{\"model_type\": \"detr\", \"id2label\": {}} | id2label is empty, expected at least one label",
        "{\"model_type\": \"detr\", \"id2label\": {\"cat\": \"0\"}} | id2label: the key \"cat\" is not a label id, expected an integer",
        "{\"model_type\": \"detr\", \"id2label\": {\"0\": [1]}} | id2label: 0 is a list of 1, expected a string",
        "{\"model_type\": \"detr\", \"num_queries\": 99999999999999999999} | num_queries is 99999999999999999999, expected 1 to 100000",
        "{\"model_type\": \"table-transformer\", \"auxiliary_loss\": true} | auxiliary_loss is true, expected false: transformers would normalise after every decoder layer",
        "{\"model_type\": \"table-transformer\", \"backbone\": \"resnet50d\"} | backbone is \"resnet50d\", supported are timm's resnet18, resnet26, resnet34, resnet50, resnet101 and resnet152",
        "{\"model_type\": \"table-transformer\", \"activation_function\": \"tanh\"} | activation_function is \"tanh\", supported are relu, gelu and silu",
        "{\"model_type\": \"table-transformer\", \"position_embedding_type\": \"learned\"} | position_embedding_type is \"learned\", supported is sine",
        "{\"model_type\": \"conditional_detr\", \"auxiliary_loss\": true} | auxiliary_loss is true, expected false: transformers would normalise after every decoder layer",
        "{\"model_type\": \"conditional_detr\", \"activation_function\": \"tanh\"} | activation_function is \"tanh\", supported are relu, gelu and silu",
        "{\"model_type\": \"conditional_detr\", \"backbone_config\": {\"model_type\": \"swin\"}} | backbone_config: model_type is \"swin\", supported are timm_backbone and resnet",
        "{\"model_type\": \"rt_detr\", \"backbone_config\": {\"model_type\": \"hgnet_v2\"}} | backbone_config: model_type is \"hgnet_v2\", supported is rt_detr_resnet",
        "{\"model_type\": \"rt_detr\", \"backbone_config\": {\"model_type\": \"rt_detr_resnet\", \"hidden_act\": \"gelu\"}} | backbone_config: hidden_act is \"gelu\", supported is relu",
        "{\"model_type\": \"rt_detr\", \"backbone_config\": {\"model_type\": \"rt_detr_resnet\", \"downsample_in_bottleneck\": true}} | backbone_config: downsample_in_bottleneck is true, supported is false",
        "{\"model_type\": \"rt_detr\", \"backbone_config\": {\"model_type\": \"rt_detr_resnet\", \"layer_type\": \"basic\"}} | backbone_config: hidden_sizes is [256, 512, 1024, 2048] behind an embedding_size of 64, expected basic blocks to widen in all stages but the first",
        "{\"model_type\": \"rt_detr\", \"backbone_config\": {\"model_type\": \"rt_detr_resnet\", \"out_indices\": [2, 4]}} | backbone_config: out_indices names [2, 4], expected stages that follow each other, up to 4",
        "{\"model_type\": \"rt_detr\", \"backbone\": \"resnet50d\", \"use_timm_backbone\": true} | there is no backbone_config, expected one of model_type rt_detr_resnet",
        "{\"model_type\": \"rt_detr\", \"activation_function\": \"mish\"} | activation_function is \"mish\", supported are relu, gelu and silu",
        "{\"model_type\": \"rt_detr\", \"encoder_activation_function\": \"tanh\"} | encoder_activation_function is \"tanh\", supported are relu, gelu and silu",
        "{\"model_type\": \"rt_detr\", \"eval_size\": [640, 640]} | eval_size is set, supported is null: any size of images",
        "{\"model_type\": \"rt_detr\", \"anchor_image_size\": [640, 640]} | anchor_image_size is set, supported is null: any size of images",
        "{\"model_type\": \"rt_detr\", \"learn_initial_query\": true} | learn_initial_query is true, supported is false",
        "{\"model_type\": \"rt_detr\", \"use_focal_loss\": false} | use_focal_loss is false, supported is true: transformers' selection would depend on the batch",
        "{\"model_type\": \"rt_detr\", \"encoder_hidden_dim\": 384} | decoder_in_channels is [256, 256, 256], expected [384, 384, 384], the channels of the encoder",
        "{\"model_type\": \"rt_detr\", \"encoder_in_channels\": [1, 2, 3]} | encoder_in_channels is [1, 2, 3], expected [512, 1024, 2048], the channels of the backbone",
        "{\"model_type\": \"rt_detr\", \"num_feature_levels\": 5} | num_feature_levels is 5, but the backbone hands out 3 feature maps, expected as many or one more",
        "{\"model_type\": \"rt_detr\", \"encode_proj_layers\": [2, 2]} | encode_proj_layers is [2, 2], expected different levels below 3",
        "{\"model_type\": \"rt_detr\", \"layer_norm_eps\": 0} | layer_norm_eps is 0.0, expected a positive number",
        "{\"model_type\": \"rt_detr\", \"decoder_attention_heads\": 7} | d_model is 256, expected a multiple of 4 and of the 7 attention heads",
        "{\"model_type\": \"rt_detr_v2\", \"decoder_method\": \"nearest\"} | decoder_method is \"nearest\", expected default or discrete",
        "{\"model_type\": \"rt_detr_v2\", \"decoder_n_levels\": 4} | decoder_n_levels is 4, expected 3 as num_feature_levels says",
        "{\"model_type\": \"rt_detr_v2\", \"architectures\": [\"RTDetrForObjectDetection\"]} | architectures is [RTDetrForObjectDetection], expected RTDetrV2ForObjectDetection",
        "{\"model_type\": \"d_fine\"} | backbone_config is missing, expected an object",
        "{\"model_type\": \"d_fine\", \"backbone_config\": {\"model_type\": \"rt_detr_resnet\"}} | backbone_config: model_type is \"rt_detr_resnet\", supported is hgnet_v2",
        "{\"model_type\": \"d_fine\", \"backbone_config\": {\"model_type\": \"hgnet_v2\", \"hidden_act\": \"gelu\"}} | backbone_config: hidden_act is \"gelu\", supported is relu",
        "{\"model_type\": \"d_fine\", \"decoder_method\": \"discrete\"} | decoder_method is \"discrete\", supported is default",
        "{\"model_type\": \"d_fine\", \"eval_size\": [640, 640]} | eval_size is set, supported is null: any size of images",
        "{\"model_type\": \"d_fine\", \"use_focal_loss\": false} | use_focal_loss is false, supported is true: transformers' selection would depend on the batch",
        "{\"model_type\": \"rf_detr\", \"backbone_config\": {\"model_type\": \"dinov2_with_registers\"}} | backbone_config: model_type is \"dinov2_with_registers\", supported is rf_detr_dinov2",
        "{\"model_type\": \"rf_detr\", \"backbone_config\": {\"model_type\": \"rf_detr_dinov2\", \"num_register_tokens\": 4}} | backbone_config: num_register_tokens is not 0, which is what a model has",
        "{\"model_type\": \"rf_detr\", \"backbone_config\": {\"model_type\": \"rf_detr_dinov2\", \"use_swiglu_ffn\": true}} | backbone_config: use_swiglu_ffn is true, supported is false",
        "{\"model_type\": \"rf_detr\", \"backbone_config\": {\"model_type\": \"rf_detr_dinov2\", \"apply_layernorm\": false}} | backbone_config: apply_layernorm is false, supported is true",
        "{\"model_type\": \"rf_detr\", \"backbone_config\": {\"model_type\": \"rf_detr_dinov2\", \"qkv_bias\": false}} | backbone_config: qkv_bias is false, supported is true",
        "{\"model_type\": \"rf_detr\", \"backbone_config\": {\"model_type\": \"rf_detr_dinov2\", \"hidden_act\": \"gelu_new\"}} | backbone_config: hidden_act is \"gelu_new\", supported are relu, gelu and silu",
        "{\"model_type\": \"rf_detr\", \"backbone_config\": {\"model_type\": \"rf_detr_dinov2\", \"out_indices\": [3, 3]}} | backbone_config: the maps [3, 3] are taken, expected ascending numbers up to the 12 blocks",
        "{\"model_type\": \"rf_detr\", \"backbone_config\": {\"model_type\": \"rf_detr_dinov2\", \"out_features\": [\"stem\"]}} | backbone_config: out_features holds \"stem\", expected stage1 to stage12",
        "{\"model_type\": \"rf_detr\", \"backbone_config\": {\"model_type\": \"rf_detr_dinov2\", \"patch_size\": [14, 16]}} | backbone_config: patch_size is [14, 16], supported is a square",
        "{\"model_type\": \"rf_detr\", \"activation_function\": \"mish\"} | activation_function is \"mish\", supported are relu, gelu and silu",
        "{\"model_type\": \"rf_detr\", \"attention_bias\": false} | attention_bias is false, supported is true",
        "{\"model_type\": \"rf_detr\", \"num_feature_levels\": 2} | num_feature_levels is not 1, which is what a model has",
        "{\"model_type\": \"rf_detr\", \"decoder_cross_attention_heads\": 7} | d_model is 256, expected a multiple of decoder_cross_attention_heads = 7",
        "{\"model_type\": \"rf_detr\", \"architectures\": [\"RfDetrForInstanceSegmentation\"]} | architectures is [RfDetrForInstanceSegmentation], expected RfDetrForObjectDetection",
        "{\"model_type\": \"lw_detr\"} | projector_scale_factors is [], supported is one scale of 1.0: tiny, small and medium",
        "{\"model_type\": \"lw_detr\", \"projector_scale_factors\": [2.0, 0.5]} | projector_scale_factors is [2.0, 0.5], supported is one scale of 1.0: tiny, small and medium",
        "{\"model_type\": \"lw_detr\", \"projector_scale_factors\": [1.0], \"backbone_config\": {\"model_type\": \"resnet\"}} | backbone_config: model_type is \"resnet\", supported is lw_detr_vit",
        "{\"model_type\": \"lw_detr\", \"projector_scale_factors\": [1.0], \"backbone_config\": {\"model_type\": \"lw_detr_vit\", \"use_absolute_position_embeddings\": false}} | backbone_config: use_absolute_position_embeddings is false, supported is true",
        "{\"model_type\": \"lw_detr\", \"projector_scale_factors\": [1.0], \"backbone_config\": {\"model_type\": \"lw_detr_vit\", \"num_windows\": 12}} | backbone_config: hidden_size is 768 and num_windows 12, expected a multiple of the 12 attention heads and a square number",
        "{\"model_type\": \"detr\", \"num_queries\": NaN} | num_queries is NaN, expected an integer",
      })
  void refusesInOneLine(String json, String message) {
    ModelConfigException e = assertThrows(ModelConfigException.class, () -> parse(json));
    assertEquals("config.json: " + message.replace("FAMILIES", families()), e.getMessage());
  }

  private static String families() {
    List<String> types = ModelFamilies.ALL.list().stream().map(ModelFamily::modelType).toList();
    return String.join(", ", types.subList(0, types.size() - 1)) + " and " + types.getLast();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "{",
        "{\"a\": 1, \"a\": 2}",
        "{} x",
        "\u0000",
        "{\"a\": [null]}",
        "{\"model_type\": \"detr\", \"a\": INF}",
        "{\"model_type\": \"detr\", \"a\": -INF}",
        "{\"model_type\": \"detr\", \"a\": +Infinity}",
        "{\"model_type\": \"detr\", \"a\": nan}",
        "{\"model_type\": \"detr\", \"a\": 01}",
        "{\u0000\u0000\u0000abcd"
      })
  void refusesWhatIsNotOneJsonObject(String json) {
    String message = assertThrows(ModelConfigException.class, () -> parse(json)).getMessage();
    assertTrue(message.startsWith("config.json"), message);
    assertEquals(1, message.lines().count());
  }

  @Test
  void refusesDeepNestingWithoutOverflow() {
    String message =
        assertThrows(ModelConfigException.class, () -> parse("{\"a\":".repeat(100_000)))
            .getMessage();
    assertTrue(message.startsWith("config.json is not valid JSON"), message);
  }
}
