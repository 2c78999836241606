package dev.detr4j.postprocess;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.detr4j.golden.GoldenFolder;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PostprocessingTest {
  private static final GoldenFolder GOLDEN = new GoldenFolder("prepost");

  @ParameterizedTest
  @CsvSource({
    "hf_deformable_top100_thr0, 100",
    "hf_deformable_top100_thrx, 100",
    "hf_deformable_top300_normalised, 300",
    "hf_detr_softmax_thr0.0, 0",
    "hf_detr_softmax_thr0.09, 0"
  })
  void equalsTransformers(String name, int topK) {
    Map<String, Object> golden = GOLDEN.object("post/" + name + ".json");
    Map<?, ?> inputs = (Map<?, ?>) golden.get("inputs");
    long seed = ((Number) inputs.get("seed")).longValue();
    int[] shape = shape(inputs.get("logits"));
    MemorySegment logits = formula(inputs.get("logits"), seed);
    MemorySegment boxes = formula(inputs.get("boxes_cxcywh"), seed);
    Postprocessing postprocessing =
        topK > 0
            ? new DeformableDetrPostprocessing(shape[1], shape[2], topK)
            : new DetrPostprocessing(shape[1], shape[2]);
    float threshold = ((Number) golden.get("threshold")).floatValue();
    Map<String, GoldenFolder.Tensor> expected = GOLDEN.tensors("post/" + name + ".safetensors");
    for (int image = 0; image < shape[0]; image++) {
      List<?> size =
          golden.get("target_hw") instanceof List<?> sizes
              ? (List<?>) sizes.get(image)
              : List.of(1, 1);
      Found found = new Found();
      int count =
          postprocessing.select(
              logits,
              boxes,
              image,
              ((Number) size.get(1)).intValue(),
              ((Number) size.get(0)).intValue(),
              threshold,
              found);
      assertEquals(found.labels.size(), count);
      int[] labels = expected.get(image + ".labels").integers(8);
      assertArrayEquals(labels, found.labels.stream().mapToInt(Integer::intValue).toArray());
      assertArrayEquals(expected.get(image + ".scores").floats(), floats(found.scores), 2e-7f);
      assertArrayEquals(expected.get(image + ".boxes").floats(), floats(found.boxes), 0f);
    }
  }

  @Test
  void nanTakesAPlaceAndIsDropped() {
    // 3 queries x 2 classes, 2 best: NaN ranks first and leaves one place.
    MemorySegment logits = MemorySegment.ofArray(new float[] {1, 2, Float.NaN, 0, 3, -1});
    MemorySegment boxes = MemorySegment.ofArray(new float[12]);
    Found found = new Found();
    assertEquals(
        1, new DeformableDetrPostprocessing(3, 2, 2).select(logits, boxes, 0, 1, 1, 0f, found));
    assertEquals(List.of(2), found.queries);
    // DETR: the query with a NaN or infinite logit is dropped, the others stay.
    MemorySegment scores =
        MemorySegment.ofArray(
            new float[] {1, Float.NaN, 0, 5, 1, 0, Float.POSITIVE_INFINITY, 1, 0});
    Found detr = new Found();
    assertEquals(1, new DetrPostprocessing(3, 3).select(scores, boxes, 0, 1, 1, 0f, detr));
    assertEquals(List.of(1), detr.queries);
  }

  @Test
  void tiesGoToTheLowerIndexAndThresholdIsStrict() {
    float[] equal = new float[40];
    MemorySegment boxes = MemorySegment.ofArray(new float[40]);
    Found found = new Found();
    new DeformableDetrPostprocessing(10, 4, 6)
        .select(MemorySegment.ofArray(equal), boxes, 0, 1, 1, 0.4999f, found);
    assertEquals(List.of(0, 0, 0, 0, 1, 1), found.queries);
    assertEquals(List.of(0, 1, 2, 3, 0, 1), found.labels);
    Found none = new Found();
    Postprocessing selector = new DeformableDetrPostprocessing(10, 4, 6);
    assertEquals(0, selector.select(MemorySegment.ofArray(equal), boxes, 0, 1, 1, 0.5f, none));
  }

  @Test
  void fewerCandidatesThanTopK() {
    DeformableDetrPostprocessing selector = new DeformableDetrPostprocessing(2, 3, 100);
    assertEquals(6, selector.capacity());
    Found found = new Found();
    MemorySegment logits = MemorySegment.ofArray(new float[] {0, 5, 1, 4, 2, 3});
    assertEquals(
        6, selector.select(logits, MemorySegment.ofArray(new float[8]), 0, 1, 1, 0f, found));
    assertEquals(List.of(1, 0, 2, 1, 2, 0), found.labels);
  }

  @Test
  void topKEqualsASort() {
    Random random = new Random(3);
    for (int round = 0; round < 200; round++) {
      int count = 1 + random.nextInt(60);
      float[] values = new float[count];
      float[] special = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, 0f, -0f};
      for (int i = 0; i < count; i++) {
        values[i] = random.nextInt(4) == 0 ? special[random.nextInt(5)] : random.nextInt(9) - 4;
      }
      int k = 1 + random.nextInt(60);
      TopK topK = new TopK(k);
      int found = topK.select(MemorySegment.ofArray(values), 0, count);
      int[] expected =
          IntStream.range(0, count)
              .boxed()
              .sorted(
                  Comparator.comparingDouble(i ->
                      -(Float.isNaN(values[i])
                          ? 1e9
                          : values[i] == 0f ? 0 : Math.clamp(values[i], -1e8, 1e8))))
              .mapToInt(Integer::intValue)
              .limit(k)
              .toArray();
      assertArrayEquals(
          expected, IntStream.range(0, found).map(topK::index).toArray(), Arrays.toString(values));
    }
  }

  @Test
  void allocatesNothing() {
    MemorySegment logits =
        MemorySegment.ofArray(GoldenFolder.formula("logits", 1, -3, 4, 300 * 91));
    MemorySegment boxes =
        MemorySegment.ofArray(GoldenFolder.formula("boxes", 1, 0.5, 0.5, 300 * 4));
    Counter counter = new Counter();
    Postprocessing deformable = new DeformableDetrPostprocessing(300, 91, 100);
    Postprocessing detr = new DetrPostprocessing(300, 91);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long allocated = Long.MAX_VALUE;
    for (int i = 0; i < 50 && allocated > 0; i++) {
      long before = threads.getCurrentThreadAllocatedBytes();
      deformable.select(logits, boxes, 0, 640, 480, 0f, counter);
      detr.select(logits, boxes, 0, 640, 480, 0f, counter);
      allocated = threads.getCurrentThreadAllocatedBytes() - before;
    }
    assertEquals(0, allocated);
    assertTrue(counter.count > 0);
  }

  private static int[] shape(Object input) {
    List<?> extents = (List<?>) ((Map<?, ?>) input).get("shape");
    return extents.stream().mapToInt(extent -> ((Number) extent).intValue()).toArray();
  }

  private static MemorySegment formula(Object input, long seed) {
    Map<?, ?> spec = (Map<?, ?>) input;
    int count = Arrays.stream(shape(input)).reduce(1, Math::multiplyExact);
    double base = ((Number) spec.get("base")).doubleValue();
    double scale = ((Number) spec.get("scale")).doubleValue();
    return MemorySegment.ofArray(
        GoldenFolder.formula((String) spec.get("key"), seed, base, scale, count));
  }

  private static float[] floats(List<Float> list) {
    float[] values = new float[list.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = list.get(i);
    }
    return values;
  }

  private static final class Counter implements DetectionSink {
    int count;

    @Override
    public void accept(
        int query, int label, float score, float xMin, float yMin, float xMax, float yMax) {
      count++;
    }
  }

  private static final class Found implements DetectionSink {
    final List<Integer> queries = new ArrayList<>();
    final List<Integer> labels = new ArrayList<>();
    final List<Float> scores = new ArrayList<>();
    final List<Float> boxes = new ArrayList<>();

    @Override
    public void accept(
        int query, int label, float score, float xMin, float yMin, float xMax, float yMax) {
      queries.add(query);
      labels.add(label);
      scores.add(score);
      boxes.addAll(List.of(xMin, yMin, xMax, yMax));
    }
  }
}
