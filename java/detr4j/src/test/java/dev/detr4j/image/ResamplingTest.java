package dev.detr4j.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.error.ImageException;
import dev.detr4j.golden.GoldenFolder;
import dev.detr4j.op.ResamplingTable;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;

class ResamplingTest {
  private static final GoldenFolder GOLDEN = new GoldenFolder("prepost");

  private static final Map<String, ResamplingRule> LIBRARIES =
      Map.of(
          "pillow_bilinear", new PillowResampling(ResamplingFilter.BILINEAR),
          "pillow_bicubic", new PillowResampling(ResamplingFilter.BICUBIC),
          "torchvision_bilinear", new TorchvisionResampling(ResamplingFilter.BILINEAR),
          "torchvision_bicubic", new TorchvisionResampling(ResamplingFilter.BICUBIC),
          "opencv_linear", new OpenCvLinear());

  private static final Map<String, ResamplingRule> PIPELINES =
      Map.of(
          "hf_torchvision", new TorchvisionResampling(ResamplingFilter.BILINEAR),
          "hf_pil", new PillowResampling(ResamplingFilter.BILINEAR),
          "ddetr_pil", new PillowResampling(ResamplingFilter.BILINEAR),
          "detectron2_pil", new PillowResampling(ResamplingFilter.BILINEAR),
          "mmdet_cv2", new OpenCvLinear(),
          "birder_bicubic", new TorchvisionResampling(ResamplingFilter.BICUBIC));

  @Test
  void everyRuleGivesTheBytesOfItsLibrary() {
    List<Object> rows = GOLDEN.array("resize_checksums.json");
    assertEquals(191, rows.size());
    for (Object entry : rows) {
      List<?> row = (List<?>) entry;
      PixelSize source = new PixelSize(number(row.get(1)), number(row.get(2)));
      PixelSize target = new PixelSize(number(row.get(3)), number(row.get(4)));
      ResamplingRule rule = LIBRARIES.get(row.get(0));
      byte[] resized = resize(rule, formulaImage(source), source, target);
      CRC32 crc = new CRC32();
      crc.update(resized);
      assertEquals(
          ((Number) row.get(5)).longValue(),
          crc.getValue(),
          () -> rule + " " + source + " to " + target);
    }
  }

  @Test
  void everyPipelineGivesTheStoredSamplesAndSums() {
    Map<String, GoldenFolder.Tensor> samples = GOLDEN.tensors("resized_samples.safetensors");
    int compared = 0;
    for (Object entry : (List<?>) GOLDEN.object("preprocess.json").get("cases")) {
      Map<?, ?> golden = (Map<?, ?>) entry;
      ResamplingRule rule = PIPELINES.get(golden.get("pipeline"));
      if (golden.containsKey("normalised_pixel_values")) {
        continue; // NormalisationTest
      }
      ImageView image =
          new ImageDecoder().decode(GOLDEN.bytes((String) golden.get("image")), "golden");
      PixelSize source = new PixelSize(image.width(), image.height());
      PixelSize target = new PixelSize(number(golden.get("out_w")), number(golden.get("out_h")));
      byte[] resized = resize(rule, image.pixels().toArray(ValueLayout.JAVA_BYTE), source, target);
      String key = (String) golden.get("sample_key");
      GoldenFolder.Tensor stored = samples.get(key);
      int step = number(golden.get("sample_step"));
      for (int i = 0; i < stored.data().remaining(); i++) {
        assertEquals(stored.data().get(i), resized[i * step], key);
      }
      long[] sums = new long[3];
      for (int i = 0; i < resized.length; i++) {
        sums[i % 3] += resized[i] & 0xff;
      }
      List<?> expected = (List<?>) golden.get("channel_sums");
      assertArrayEquals(
          expected.stream().mapToLong(sum -> ((Number) sum).longValue()).toArray(), sums, key);
      compared++;
    }
    assertEquals(24, compared);
  }

  @Test
  void nativeMemoryAndPaddedRowsGiveTheSame() {
    PixelSize source = new PixelSize(31, 17);
    PixelSize target = new PixelSize(23, 40);
    byte[] packed = formulaImage(source);
    byte[] expected =
        resize(new PillowResampling(ResamplingFilter.BILINEAR), packed, source, target);
    try (Arena arena = Arena.ofConfined()) {
      long stride = 3L * source.width() + 5;
      MemorySegment padded = arena.allocate(stride * source.height());
      for (int y = 0; y < source.height(); y++) {
        MemorySegment.copy(packed, y * 93, padded, ValueLayout.JAVA_BYTE, y * stride, 93);
      }
      ResamplingPlan plan = new PillowResampling(ResamplingFilter.BILINEAR).plan(source, target);
      MemorySegment out = arena.allocate(3 * target.pixels());
      ImageView view =
          new ImageView(padded, PixelFormat.RGB, source.width(), source.height(), stride);
      PlainResampler.resize(view, plan, arena.allocate(plan.intermediateBytes()), out);
      assertArrayEquals(expected, out.toArray(ValueLayout.JAVA_BYTE));
    }
  }

  @Test
  void tablesKeepTheirPromises() {
    for (ResamplingRule rule : LIBRARIES.values()) {
      for (int source = 1; source < 40; source++) {
        for (int target : new int[] {1, 2, 7, 39, 200}) {
          ResamplingTable table =
              rule.plan(new PixelSize(source, 1), new PixelSize(target, 1)).horizontal();
          for (int i = 0; i < target; i++) {
            long sum = 0;
            for (int j = 0; j < table.maxCount(); j++) {
              int weight = table.weights()[i * table.maxCount() + j];
              assertTrue(j < table.count()[i] || weight == 0);
              boolean small = (short) weight == weight;
              assertTrue(small || (rule instanceof PillowResampling && weight < 1 << 23));
              sum += weight;
            }
            assertEquals(1.0, (double) sum / (1 << table.precision()), 2e-3);
            assertTrue(
                rule instanceof OpenCvLinear || table.start()[i] + table.count()[i] <= source);
          }
        }
      }
    }
  }

  @Test
  void refusesImpossibleSizes() {
    ResamplingRule rule = new PillowResampling(ResamplingFilter.BILINEAR);
    assertThrows(ImageException.class, () -> rule.plan(new PixelSize(3, 3), new PixelSize(0, 3)));
    ResamplingPlan plan = rule.plan(new PixelSize(3, 3), new PixelSize(2, 2));
    MemorySegment memory = MemorySegment.ofArray(new byte[64]);
    ImageView other = ImageView.rgb(new byte[12], 2, 2);
    assertThrows(ImageException.class, () -> PlainResampler.resize(other, plan, memory, memory));
  }

  private static byte[] resize(
      ResamplingRule rule, byte[] rgb, PixelSize source, PixelSize target) {
    ResamplingPlan plan = rule.plan(source, target);
    byte[] out = new byte[Math.toIntExact(3 * target.pixels())];
    MemorySegment intermediate =
        MemorySegment.ofArray(new byte[Math.toIntExact(plan.intermediateBytes())]);
    PlainResampler.resize(
        ImageView.rgb(rgb, source.width(), source.height()),
        plan,
        intermediate,
        MemorySegment.ofArray(out));
    return out;
  }

  /** The image of {@code formula_image} in make_image_goldens.py: waves, blocks and noise. */
  private static byte[] formulaImage(PixelSize size) {
    int width = size.width();
    byte[] rgb = new byte[3 * width * size.height()];
    long[] noise = GoldenFolder.random("image", 7, rgb.length);
    for (int i = 0; i < rgb.length; i++) {
      int x = i / 3 % width;
      int y = i / 3 / width;
      int wave = (x * 5 + y * 3 + i % 3 * 70) % 256;
      int block = (x / 16 + y / 16) % 2 == 0 ? 255 : 0;
      rgb[i] = (byte) ((2L * wave + (noise[i] >>> 56) + block) / 4);
    }
    return rgb;
  }

  private static int number(Object value) {
    return ((Number) value).intValue();
  }
}
