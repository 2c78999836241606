package dev.detr4j.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.detr4j.error.ModelConfigException;
import dev.detr4j.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PreprocessorConfigTest {
  private static PreprocessorConfig parse(String json) {
    return PreprocessorConfig.read(
        JsonObject.parse(
            "preprocessor_config.json",
            json.getBytes(StandardCharsets.UTF_8),
            ModelConfigException::new));
  }

  @Test
  void readsWhatFiveXWrites() {
    assertEquals(
        PreprocessorConfig.defaults(),
        parse(
            """
            {"do_convert_annotations": true, "do_normalize": true, "do_pad": true, "do_rescale": true,
             "do_resize": true, "format": "coco_detection", "image_mean": [0.485, 0.456, 0.406],
             "image_processor_type": "DeformableDetrImageProcessor", "image_std": [0.229, 0.224, 0.225],
             "resample": 2, "rescale_factor": 0.00392156862745098,
             "size": {"longest_edge": 1333, "shortest_edge": 800}}
            """));
  }

  @Test
  void readsTheFeatureExtractorStyle() {
    PreprocessorConfig old =
        parse(
            """
            {"do_normalize": true, "do_resize": true, "feature_extractor_type": "DetrFeatureExtractor",
             "format": "coco_detection", "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225],
             "max_size": 1000, "size": 600}
            """);
    assertEquals(new PreprocessorConfig.Edges(600, 1000), old.size());
    assertEquals(1 / 255.0, old.rescaleFactor());
  }

  @Test
  void readsEverySizeAndSwitch() {
    assertEquals(PreprocessorConfig.defaults(), parse("{}"));
    assertEquals(
        new PreprocessorConfig.Exactly(480, 640),
        parse("{\"size\": {\"height\": 480, \"width\": 640}}").size());
    assertEquals(new PreprocessorConfig.Exactly(480, 640), parse("{\"size\": [480, 640]}").size());
    assertEquals(
        new PreprocessorConfig.Within(480, 640),
        parse("{\"size\": {\"max_height\": 480, \"max_width\": 640}}").size());
    PreprocessorConfig off =
        parse(
            """
            {"do_resize": false, "do_rescale": false, "do_normalize": false, "pad_and_return_pixel_mask": false,
             "resample": 9, "pad_size": {"height": 10, "width": 20}}
            """);
    assertNull(off.size());
    assertEquals(1, off.rescaleFactor());
    assertEquals(false, off.normalize());
    assertEquals(false, off.pad());
    assertEquals(PreprocessorConfig.Resample.BICUBIC, parse("{\"resample\": 3}").resample());
    assertEquals(new PreprocessorConfig.Exactly(10, 20), off.padSize());
  }

  /** RT-DETR's processor, with a file that says no more than its name, and with none. */
  @Test
  void stretchesForRtDetr() {
    PreprocessorConfig named = parse("{\"image_processor_type\": \"RTDetrImageProcessorFast\"}");
    assertEquals(PreprocessorConfig.defaults("RTDetrImageProcessor"), named);
    assertEquals(new PreprocessorConfig.Exactly(640, 640), named.size());
    assertEquals(false, named.normalize());
    assertEquals(false, named.pad());
    assertEquals(
        true,
        parse("{\"image_processor_type\": \"RTDetrImageProcessor\", \"do_normalize\": true}")
            .normalize());
  }

  /** RF-DETR's processor rescales before it resizes, which no other one does. */
  @Test
  void resizesFloatsForRfDetr() {
    PreprocessorConfig named = parse("{\"image_processor_type\": \"RfDetrImageProcessor\"}");
    assertEquals(PreprocessorConfig.defaults("RfDetrImageProcessor"), named);
    assertEquals(true, named.floats());
    assertEquals(new PreprocessorConfig.Edges(800, 1333), named.size());
    assertEquals(false, parse("{\"image_processor_type\": \"DetrImageProcessor\"}").floats());
  }

  /** Table Transformer v1.1; transformers asks for both edges then. */
  @Test
  void takesALongestEdgeAlone() {
    assertEquals(
        new PreprocessorConfig.Edges(800, 800),
        parse("{\"size\": {\"longest_edge\": 800}}").size());
  }

  /**
   * As transformers 5.18 does: its processors keep an explicit null instead of their default, and a
   * switch that is None is off; only size has a default for null.
   */
  @Test
  void takesNullAsTransformersDoes() {
    PreprocessorConfig off =
        parse(
            """
            {"do_resize": null, "size": {"height": 384, "width": 384}, "resample": null, "do_rescale": null,
             "do_normalize": null, "image_mean": null, "do_pad": null, "pad_and_return_pixel_mask": true,
             "pad_size": null, "max_size": null}
            """);
    assertNull(off.size());
    assertEquals(1, off.rescaleFactor());
    assertEquals(false, off.normalize());
    assertEquals(false, off.pad());
    assertNull(off.padSize());
    assertEquals(new PreprocessorConfig.Edges(800, 1333), parse("{\"size\": null}").size());
    assertEquals(false, parse("{\"pad_and_return_pixel_mask\": null}").pad());
  }

  /** torchvision takes the words of its interpolation modes for the modes. */
  @Test
  void takesAFilterByItsWord() {
    assertEquals(
        PreprocessorConfig.Resample.BILINEAR, parse("{\"resample\": \"bilinear\"}").resample());
    assertEquals(
        PreprocessorConfig.Resample.BICUBIC, parse("{\"resample\": \"bicubic\"}").resample());
  }

  @Test
  void takesEachNameOfItsProcessors() {
    for (String type :
        List.of(
            "DetrImageProcessor",
            "DetrImageProcessorFast",
            "DeformableDetrImageProcessor",
            "DeformableDetrImageProcessorFast",
            "DeformableDetrImageProcessorPil",
            "DeformableDetrFeatureExtractor")) {
      assertEquals(
          PreprocessorConfig.defaults(),
          parse("{\"image_processor_type\": \"" + type + "\", \"feature_extractor_type\": \"X\"}"));
    }
  }

  @Test
  void aSingleNumberIsThatOfEachChannel() {
    assertEquals(List.of(0.5, 0.5, 0.5), parse("{\"image_mean\": 0.5}").mean());
  }

  @Test
  void doesNotMindNumbersThatNobodyAsksFor() {
    String wide = "9".repeat(4000);
    assertEquals(
        PreprocessorConfig.defaults(),
        parse("{\"a\": NaN, \"b\": [-Infinity, null, {\"c\": " + wide + "}], \"d\": 1e999}"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"size\": {\"shortest_edge\": 800}} | size: has shortest_edge, expected shortest_edge and longest_edge, height and width, or max_height and max_width",
        "{\"size\": 0} | size is 0, expected 1 to 65536",
        "{\"image_std\": [0.2, 0, 0.2]} | image_std holds 0.0, expected positive numbers",
        "{\"image_mean\": [0.5]} | image_mean has 1 values, expected 3 finite numbers (RGB)",
        "{\"rescale_factor\": -1} | rescale_factor is -1.0, expected a positive number",
        "{\"resample\": 9} | resample is 9, expected 0 to 5",
        "{\"do_resize\": 1} | do_resize is 1, expected true or false",
        "{\"resample\": \"BILINEAR\"} | resample is \"BILINEAR\", expected 0 to 5 or a word as bilinear or bicubic",
        "{\"resample\": null} | resample is null, expected the number of a filter",
        "{\"rescale_factor\": null} | rescale_factor is null, expected a positive number",
        "{\"rescale_factor\": NaN} | rescale_factor holds NaN, expected finite numbers",
        "{\"image_mean\": null} | image_mean is null, expected 3 finite numbers (RGB)",
        "{\"image_std\": null} | image_std is null, expected 3 finite numbers (RGB)",
        "{\"image_mean\": [0.5, -Infinity, 0.5]} | image_mean holds -Infinity, expected finite numbers",
        "{\"size\": 800, \"max_size\": null} | max_size is null, expected an integer beside size",
        "{\"image_processor_type\": \"ViTImageProcessor\"} | image_processor_type is \"ViTImageProcessor\", supported are DetrImageProcessor, DeformableDetrImageProcessor, ConditionalDetrImageProcessor, RTDetrImageProcessor and RfDetrImageProcessor",
        "{\"image_processor_type\": \"YolosImageProcessorFast\"} | image_processor_type is \"YolosImageProcessorFast\", supported are DetrImageProcessor, DeformableDetrImageProcessor, ConditionalDetrImageProcessor, RTDetrImageProcessor and RfDetrImageProcessor",
        "{\"feature_extractor_type\": \"YolosFeatureExtractor\"} | feature_extractor_type is \"YolosFeatureExtractor\", supported are DetrImageProcessor, DeformableDetrImageProcessor, ConditionalDetrImageProcessor, RTDetrImageProcessor and RfDetrImageProcessor",
        "{\"image_processor_type\": 7} | image_processor_type is 7, expected a string",
      })
  void refusesInOneLine(String json, String message) {
    ModelConfigException e = assertThrows(ModelConfigException.class, () -> parse(json));
    assertEquals("preprocessor_config.json: " + message, e.getMessage());
  }
}
