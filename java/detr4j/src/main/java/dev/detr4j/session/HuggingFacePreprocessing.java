package dev.detr4j.session;

import dev.detr4j.checkpoint.PreprocessorConfig;
import dev.detr4j.error.ModelConfigException;
import dev.detr4j.image.FloatLinear;
import dev.detr4j.image.Normalisation;
import dev.detr4j.image.PixelSize;
import dev.detr4j.image.Preprocessing;
import dev.detr4j.image.ResamplingFilter;
import dev.detr4j.image.ResizeRule;
import dev.detr4j.image.TorchvisionResampling;

/** From the values of a {@code preprocessor_config.json} to what is done to an image. */
final class HuggingFacePreprocessing {
  private HuggingFacePreprocessing() {}

  /**
   * The pre-processing that a Hugging Face checkpoint describes, as transformers 5 carries it out.
   *
   * @throws ModelConfigException for a filter that is not implemented
   */
  static Preprocessing of(PreprocessorConfig config) {
    ResizeRule rule =
        switch (config.size()) {
          case null -> new ResizeRule.Keep();
          case PreprocessorConfig.Edges edges ->
              new ResizeRule.HuggingFace(edges.shortest(), edges.longest());
          case PreprocessorConfig.Exactly size -> new ResizeRule.Fixed(size.width(), size.height());
          case PreprocessorConfig.Within size ->
              new ResizeRule.Within(size.maxWidth(), size.maxHeight());
        };
    ResamplingFilter filter =
        switch (config.resample()) {
          case BILINEAR -> ResamplingFilter.BILINEAR;
          case BICUBIC -> ResamplingFilter.BICUBIC;
          default ->
              throw new ModelConfigException(
                  "preprocessor_config.json: resample is "
                      + config.resample()
                      + ", expected BILINEAR (2) or BICUBIC (3)");
        };
    if (config.floats() && config.resample() != PreprocessorConfig.Resample.BILINEAR) {
      throw new ModelConfigException(
          "preprocessor_config.json: resample is "
              + config.resample()
              + ", expected BILINEAR (2) of a processor that resizes floats");
    }
    PreprocessorConfig.Exactly padSize = config.padSize();
    return new Preprocessing(
        rule,
        config.floats() ? new FloatLinear() : new TorchvisionResampling(filter),
        Normalisation.fused(
            config.rescaleFactor(),
            config.normalize() ? new Normalisation.MeanAndStd(config.mean(), config.std()) : null),
        config.pad(),
        padSize == null ? null : new PixelSize(padSize.width(), padSize.height()));
  }
}
