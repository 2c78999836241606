package dev.detr4j.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.detr4j.ImageException;
import dev.detr4j.ModelConfigException;
import java.util.List;
import org.junit.jupiter.api.Test;

class PreprocessingTest {

  @Test
  void defaultsAreThoseOfDetr() {
    Preprocessing standard = Preprocessing.standard();
    assertEquals(new ResizeRule.HuggingFace(800, 1333), standard.resize());
    assertEquals(new TorchvisionResampling(ResamplingFilter.BILINEAR), standard.resampling());
  }

  @Test
  void oldSizesMeanTheSame() {
    Preprocessing.HuggingFaceSettings settings =
        new Preprocessing.HuggingFaceSettings().legacySize(640, null);
    assertEquals(new ResizeRule.HuggingFace(640, 1333), settings.toPreprocessing().resize());
    assertEquals(
        new ResizeRule.HuggingFace(640, 900),
        settings.legacySize(640, 900).toPreprocessing().resize());
    assertEquals(
        new ResizeRule.Fixed(30, 20),
        settings.size(null, null, null, null, 20, 30).toPreprocessing().resize());
    assertEquals(
        new ResizeRule.Within(30, 20),
        settings.size(null, null, 20, 30, null, null).toPreprocessing().resize());
    assertInstanceOf(ResizeRule.Keep.class, settings.resize(false).toPreprocessing().resize());
  }

  @Test
  void whatCannotBeDoneIsNamed() {
    Preprocessing.HuggingFaceSettings settings = new Preprocessing.HuggingFaceSettings();
    assertEquals(
        "preprocessor_config.json: resample is 1, expected 2 (bilinear) or 3 (bicubic)",
        assertThrows(ModelConfigException.class, () -> settings.resample(1).toPreprocessing())
            .getMessage());
    assertThrows(ModelConfigException.class, () -> settings.size(null, 3, null, null, null, null));
    assertEquals(
        "preprocessor_config.json: size.shortest_edge is -1, expected 1 to 16384",
        assertThrows(ModelConfigException.class, () -> settings.legacySize(-1, null)).getMessage());
  }

  @Test
  void batchesArePaddedToTheLargest() {
    List<PixelSize> sizes = List.of(new PixelSize(10, 20), new PixelSize(15, 5));
    assertEquals(new PixelSize(15, 20), Preprocessing.standard().canvas(sizes));
    Preprocessing.HuggingFaceSettings settings = new Preprocessing.HuggingFaceSettings();
    PixelSize fixed = new PixelSize(40, 30);
    assertEquals(fixed, settings.pad(true, fixed).toPreprocessing().canvas(sizes));
    Preprocessing small = settings.pad(true, new PixelSize(12, 30)).toPreprocessing();
    assertThrows(ImageException.class, () -> small.canvas(sizes));
    Preprocessing unpadded = settings.pad(false, null).toPreprocessing();
    assertThrows(ImageException.class, () -> unpadded.canvas(sizes));
    assertEquals(new PixelSize(10, 20), unpadded.canvas(sizes.subList(0, 1)));
  }
}
