package dev.detr4j.session;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.detr4j.checkpoint.PreprocessorConfig;
import dev.detr4j.checkpoint.PreprocessorConfig.Edges;
import dev.detr4j.checkpoint.PreprocessorConfig.Exactly;
import dev.detr4j.checkpoint.PreprocessorConfig.Resample;
import dev.detr4j.checkpoint.PreprocessorConfig.SizeRule;
import dev.detr4j.checkpoint.PreprocessorConfig.Within;
import dev.detr4j.error.ModelConfigException;
import dev.detr4j.image.FloatLinear;
import dev.detr4j.image.PixelSize;
import dev.detr4j.image.Preprocessing;
import dev.detr4j.image.ResamplingFilter;
import dev.detr4j.image.ResizeRule;
import dev.detr4j.image.TorchvisionResampling;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class HuggingFacePreprocessingTest {
  @Test
  void defaultsAreThoseOfDetr() {
    Preprocessing made = HuggingFacePreprocessing.of(PreprocessorConfig.defaults());
    Preprocessing standard = Preprocessing.standard();
    assertEquals(standard.resize(), made.resize());
    assertEquals(standard.resampling(), made.resampling());
    assertEquals(standard.pad(), made.pad());
    assertArrayEquals(standard.normalisation().table(), made.normalisation().table());
  }

  @Test
  void everySizeRuleHasItsCounterpart() {
    assertEquals(new ResizeRule.HuggingFace(640, 900), rule(new Edges(640, 900)));
    assertEquals(new ResizeRule.Fixed(30, 20), rule(new Exactly(20, 30)));
    assertEquals(new ResizeRule.Within(30, 20), rule(new Within(20, 30)));
    assertEquals(new ResizeRule.Keep(), rule(null));
  }

  @Test
  void filtersWithoutImplementationAreNamed() {
    assertEquals(
        new TorchvisionResampling(ResamplingFilter.BICUBIC),
        HuggingFacePreprocessing.of(config(null, Resample.BICUBIC, null)).resampling());
    PreprocessorConfig lanczos = config(null, Resample.LANCZOS, null);
    String message =
        assertThrows(ModelConfigException.class, () -> HuggingFacePreprocessing.of(lanczos))
            .getMessage();
    assertEquals(
        "preprocessor_config.json: resample is LANCZOS, expected BILINEAR (2) or BICUBIC (3)",
        message);
  }

  @Test
  void floatsAreResizedBilinearly() {
    PreprocessorConfig floats = PreprocessorConfig.defaults("RfDetrImageProcessor");
    assertEquals(new FloatLinear(), HuggingFacePreprocessing.of(floats).resampling());
    PreprocessorConfig bicubic =
        new PreprocessorConfig(
            floats.size(),
            Resample.BICUBIC,
            floats.rescaleFactor(),
            true,
            floats.mean(),
            floats.std(),
            true,
            null,
            true);
    assertEquals(
        "preprocessor_config.json: resample is BICUBIC, expected BILINEAR (2) of a processor that resizes floats",
        assertThrows(ModelConfigException.class, () -> HuggingFacePreprocessing.of(bicubic))
            .getMessage());
  }

  @Test
  void aPadSizeIsKept() {
    Preprocessing made =
        HuggingFacePreprocessing.of(config(null, Resample.BILINEAR, new Exactly(30, 40)));
    assertEquals(new PixelSize(40, 30), made.padSize());
  }

  private static ResizeRule rule(@Nullable SizeRule size) {
    return HuggingFacePreprocessing.of(config(size, Resample.BILINEAR, null)).resize();
  }

  private static PreprocessorConfig config(
      @Nullable SizeRule size, Resample resample, @Nullable Exactly padSize) {
    PreprocessorConfig defaults = PreprocessorConfig.defaults();
    return new PreprocessorConfig(
        size,
        resample,
        defaults.rescaleFactor(),
        true,
        defaults.mean(),
        defaults.std(),
        true,
        padSize,
        false);
  }
}
