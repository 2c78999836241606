package dev.detr4j.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.detr4j.error.ModelConfigException;
import dev.detr4j.golden.GoldenFolder;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class NormalisationTest {
  private static final GoldenFolder GOLDEN = new GoldenFolder("prepost");
  private static final Normalisation.MeanAndStd IMAGENET =
      new Normalisation.MeanAndStd(List.of(0.485, 0.456, 0.406), List.of(0.229, 0.224, 0.225));

  @Test
  void tablesHaveTheBitsOfBothBackendsOfTransformers() {
    List<Object> cases = GOLDEN.array("normalisation.json");
    assertEquals(8, cases.size());
    for (Object entry : cases) {
      Map<?, ?> golden = (Map<?, ?>) entry;
      Double factor =
          (Boolean) golden.get("rescale") ? ((Number) golden.get("factor")).doubleValue() : null;
      Normalisation.MeanAndStd statistics = (Boolean) golden.get("normalise") ? IMAGENET : null;
      float[] table =
          golden.get("backend").equals("torchvision")
              ? Normalisation.fused(factor, statistics).table()
              : Normalisation.inTwoSteps(factor, statistics).table();
      List<?> bits = (List<?>) golden.get("bits");
      for (int i = 0; i < 768; i++) {
        assertEquals(
            ((Number) bits.get(i)).intValue(),
            Float.floatToRawIntBits(table[i]),
            golden.get("backend") + " " + i);
      }
    }
  }

  @Test
  void pixelValuesOfHuggingFaceToTheBit() {
    Map<String, GoldenFolder.Tensor> samples = GOLDEN.tensors("resized_samples.safetensors");
    Preprocessing standard = Preprocessing.standard();
    Preprocessing preprocessing =
        new Preprocessing(
            new ResizeRule.HuggingFace(320, 533),
            standard.resampling(),
            standard.normalisation(),
            true,
            null);
    int compared = 0;
    for (Object entry : (List<?>) GOLDEN.object("preprocess.json").get("cases")) {
      Map<?, ?> golden = (Map<?, ?>) entry;
      if (!golden.containsKey("normalised_pixel_values")) {
        continue;
      }
      ImageView image =
          new ImageDecoder().decode(GOLDEN.bytes((String) golden.get("image")), "golden");
      PixelSize target = preprocessing.resize().target(image.width(), image.height());
      List<?> shape = (List<?>) golden.get("shape");
      assertEquals(List.of(3, target.height(), target.width()), shape);
      ResamplingPlan plan =
          preprocessing.resampling().plan(new PixelSize(image.width(), image.height()), target);
      MemorySegment rgb = MemorySegment.ofArray(new byte[Math.toIntExact(3 * target.pixels())]);
      PlainResampler.resize(
          image,
          plan,
          MemorySegment.ofArray(new byte[Math.toIntExact(plan.intermediateBytes())]),
          rgb);
      float[] values = new float[Math.toIntExact(3 * target.pixels())];
      preprocessing.normalisation().apply(rgb, target, target, MemorySegment.ofArray(values));
      float[] stored = samples.get((String) golden.get("sample_key")).floats();
      int step = ((Number) golden.get("sample_step")).intValue();
      int plane = Math.toIntExact(target.pixels());
      for (int i = 0; i < stored.length; i++) {
        int channelsFirst = i * step;
        float actual = values[3 * (channelsFirst % plane) + channelsFirst / plane];
        assertEquals(Float.floatToRawIntBits(stored[i]), Float.floatToRawIntBits(actual));
      }
      compared++;
    }
    assertEquals(2, compared);
  }

  @Test
  void paddingIsZeroAtTheRightAndBottom() {
    byte[] rgb = {1, 2, 3, 4, 5, 6};
    float[] values = new float[3 * 3 * 4];
    Arrays.fill(values, Float.NaN);
    Normalisation identity = Normalisation.fused(null, null);
    identity.apply(
        MemorySegment.ofArray(rgb),
        new PixelSize(1, 2),
        new PixelSize(3, 4),
        MemorySegment.ofArray(values));
    float[] expected = new float[3 * 3 * 4];
    for (int i = 0; i < 3; i++) {
      expected[i] = 1 + i;
      expected[9 + i] = 4 + i;
    }
    assertArrayEquals(expected, values);
  }

  @Test
  void refusesStatisticsThatAreNotThreeNumbers() {
    assertThrows(
        ModelConfigException.class,
        () -> new Normalisation.MeanAndStd(List.of(0.5), List.of(1.0, 1.0, 1.0)));
    ModelConfigException zero =
        assertThrows(
            ModelConfigException.class,
            () -> new Normalisation.MeanAndStd(List.of(0.5, 0.5, 0.5), List.of(1.0, 0.0, 1.0)));
    assertEquals(
        "preprocessor_config.json: image_std is [1.0, 0.0, 1.0], expected three non-zero numbers",
        zero.getMessage());
  }
}
