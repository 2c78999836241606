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
             "resample": 3, "pad_size": {"height": 10, "width": 20}}
            """);
    assertNull(off.size());
    assertEquals(1, off.rescaleFactor());
    assertEquals(List.of(0.0, 0.0, 0.0), off.mean());
    assertEquals(List.of(1.0, 1.0, 1.0), off.std());
    assertEquals(false, off.pad());
    assertEquals(PreprocessorConfig.Resample.BICUBIC, off.resample());
    assertEquals(new PreprocessorConfig.Exactly(10, 20), off.padSize());
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
      })
  void refusesInOneLine(String json, String message) {
    ModelConfigException e = assertThrows(ModelConfigException.class, () -> parse(json));
    assertEquals("preprocessor_config.json: " + message, e.getMessage());
  }
}
