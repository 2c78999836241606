package dev.detr4j.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.Queue;
import dev.detr4j.backend.reference.ReferenceBackendProvider;
import dev.detr4j.model.graph.DetectionModel;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.op.SelectionOp;
import dev.detr4j.op.SoftNms;
import dev.detr4j.plan.ExecutionPlan;
import dev.detr4j.plan.GraphPlan;
import dev.detr4j.plan.Planner;
import dev.detr4j.postprocess.DeformableDetrPostprocessing;
import dev.detr4j.postprocess.DetrPostprocessing;
import dev.detr4j.postprocess.Postprocessing;
import dev.detr4j.postprocess.SelectionRule;
import dev.detr4j.tensor.Buffer;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The steps of a plan that select detections leave what the processors select after a call: here
 * both run on the reference. {@code OpParityTest} compares those of devices with the reference.
 */
class SelectionNodesTest {
  private static final int BATCH = 2;
  private static final int QUERIES = 40;
  private static final int LOGITS = 5;
  private static final int[][] EXTENTS = {{640, 480}, {200, 333}};

  private final Backend backend =
      new ReferenceBackendProvider().open(new BackendOptions(1, null, 0));

  @ParameterizedTest
  @EnumSource(SelectionRule.Edges.class)
  void theBestOfAllLogits(SelectionRule.Edges edges) {
    SelectionRule rule = new SelectionRule(60, 1, edges);
    assertSame(new DeformableDetrPostprocessing(QUERIES, LOGITS, rule), null);
  }

  @ParameterizedTest
  @EnumSource(DetrPostprocessing.Candidates.class)
  void theBestClassOfEachQuery(DetrPostprocessing.Candidates candidates) {
    assertSame(new DetrPostprocessing(QUERIES, LOGITS, candidates), null);
  }

  @ParameterizedTest
  @EnumSource(SoftNms.Decay.class)
  void suppressedInEachImage(SoftNms.Decay decay) {
    SoftNms suppression = new SoftNms(decay, 0.5f, 0.3f, 0.01f);
    SelectionRule rule = new SelectionRule(80, 1, SelectionRule.Edges.CLIPPED_AND_EMPTY_DROPPED);
    assertSame(new DeformableDetrPostprocessing(QUERIES, LOGITS, rule), suppression);
    assertSame(
        new DetrPostprocessing(QUERIES, LOGITS, DetrPostprocessing.Candidates.BEST_IS_A_CLASS),
        suppression);
  }

  @Test
  void theProcessorsSelectInTheirOwnMemory() {
    assertNull(SelectionNodes.of(backend, new DetrPostprocessing(QUERIES, LOGITS), null));
  }

  private void assertSame(Postprocessing postprocessing, @Nullable SoftNms suppression) {
    SelectionOp rule = postprocessing.operation();
    assertNotNull(rule);
    for (int seed = 0; seed < 4; seed++) {
      try (Arena arena = Arena.ofConfined();
          Queue queue = backend.newQueue()) {
        boolean odd = seed == 3;
        MemorySegment logits = logits(arena, seed, odd);
        MemorySegment boxes = boxes(arena, seed);
        SelectionNodes nodes = new SelectionNodes(rule, suppression);
        List<List<String>> actual =
            onDevice(nodes, postprocessing.capacity(), queue, logits, boxes, !odd);
        try (Postprocessing host =
            suppression == null
                ? postprocessing
                : new SoftSuppression(postprocessing, suppression, backend, queue)) {
          for (int image = 0; image < BATCH; image++) {
            List<String> expected = new ArrayList<>();
            host.select(
                logits,
                boxes,
                image,
                EXTENTS[image][0],
                EXTENTS[image][1],
                0.02f,
                (query, label, score, xMin, yMin, xMax, yMax) ->
                    expected.add(line(query, label, score, xMin, yMin, xMax, yMax)));
            assertEquals(
                String.join("\n", expected),
                String.join("\n", actual.get(image)),
                "seed " + seed + ", image " + image);
            assertTrue(odd || !expected.isEmpty());
          }
        }
      }
    }
  }

  private List<List<String>> onDevice(
      SelectionNodes nodes,
      int entries,
      Queue queue,
      MemorySegment logits,
      MemorySegment boxes,
      boolean finite) {
    Graph.Builder network = new Graph.Builder();
    network.output(
        DetectionModel.LOGITS,
        network.input("l", ElementType.F32, Shape.of(BATCH, QUERIES, LOGITS)));
    network.output(
        DetectionModel.PRED_BOXES,
        network.input("b", ElementType.F32, Shape.of(BATCH, QUERIES, 4)));
    Graph graph = nodes.behind(network.build());
    try (Arena arena = Arena.ofConfined();
        GraphPlan plan = Planner.plan(graph, backend, queue, Set.of());
        Buffer slab = backend.allocate(plan.slabBytes());
        ExecutionPlan bound = plan.bind(queue, slab);
        DeviceSelection selection = new DeviceSelection(nodes, entries, backend, queue)) {
      MemorySegment extents = arena.allocate(8 * BATCH);
      for (int i = 0; i < 2 * BATCH; i++) {
        extents.setAtIndex(ValueLayout.JAVA_FLOAT, i, EXTENTS[i / 2][i % 2]);
      }
      fill(queue, bound.input("l"), logits);
      fill(queue, bound.input("b"), boxes);
      fill(queue, bound.input(SelectionNodes.EXTENTS), extents);
      bound.submit();
      selection.download(bound);
      assertEquals(finite, selection.isFinite(bound));
      List<List<String>> found = new ArrayList<>();
      for (int image = 0; image < BATCH; image++) {
        List<String> lines = new ArrayList<>();
        int count =
            selection.select(
                image,
                EXTENTS[image][0],
                EXTENTS[image][1],
                0.02f,
                (query, label, score, xMin, yMin, xMax, yMax) ->
                    lines.add(line(query, label, score, xMin, yMin, xMax, yMax)));
        assertEquals(lines.size(), count);
        found.add(lines);
      }
      return found;
    }
  }

  private static void fill(Queue queue, TensorView view, MemorySegment values) {
    queue.upload(values, 0, view.buffer(), view.offset(), view.spanBytes());
  }

  private static String line(
      int query, int label, float score, float xMin, float yMin, float xMax, float yMax) {
    return query + " " + label + " " + score + " " + xMin + " " + yMin + " " + xMax + " " + yMax;
  }

  private static MemorySegment logits(Arena arena, int seed, boolean odd) {
    Random random = new Random(seed);
    MemorySegment values = arena.allocate(4L * BATCH * QUERIES * LOGITS);
    for (int i = 0; i < BATCH * QUERIES * LOGITS; i++) {
      // Ties are frequent in the second seed.
      float logit = random.nextFloat(-5, 4);
      values.setAtIndex(ValueLayout.JAVA_FLOAT, i, seed == 1 ? Math.round(logit) : logit);
    }
    if (odd) {
      values.setAtIndex(ValueLayout.JAVA_FLOAT, 3, Float.NaN);
      values.setAtIndex(ValueLayout.JAVA_FLOAT, 17, Float.NEGATIVE_INFINITY);
      values.setAtIndex(ValueLayout.JAVA_FLOAT, 44, Float.POSITIVE_INFINITY);
      for (int i = 0; i < QUERIES * LOGITS; i++) { // the second image
        values.setAtIndex(ValueLayout.JAVA_FLOAT, QUERIES * LOGITS + i, Float.NaN);
      }
    }
    return values;
  }

  private static MemorySegment boxes(Arena arena, int seed) {
    Random random = new Random(7 + seed);
    MemorySegment values = arena.allocate(16L * BATCH * QUERIES);
    for (int i = 0; i < BATCH * QUERIES; i++) {
      // A few places, so that boxes overlap; some lie outside, some are empty.
      float far = random.nextInt(9) == 0 ? 1.5f : 0.5f;
      values.setAtIndex(ValueLayout.JAVA_FLOAT, 4L * i, far + random.nextFloat(-0.2f, 0.2f));
      values.setAtIndex(ValueLayout.JAVA_FLOAT, 4L * i + 1, random.nextFloat());
      values.setAtIndex(ValueLayout.JAVA_FLOAT, 4L * i + 2, random.nextFloat(0.1f, 0.6f));
      values.setAtIndex(
          ValueLayout.JAVA_FLOAT, 4L * i + 3, i % 11 == 0 ? 0 : random.nextFloat(0.1f, 0.6f));
    }
    return values;
  }
}
