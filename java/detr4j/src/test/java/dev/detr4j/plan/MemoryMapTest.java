package dev.detr4j.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.backend.NodeSharing;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import dev.detr4j.op.Add;
import dev.detr4j.op.Multiply;
import dev.detr4j.op.OpSpec;
import dev.detr4j.plan.Region.Home;
import dev.detr4j.tensor.Buffer;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.TensorView;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class MemoryMapTest {
  private static final Shape SHAPE = Shape.of(1, 4, 8);
  private static final int BYTES = 4 * 4 * 8;

  private final Graph.Builder graph = new Graph.Builder();
  private final Value input = graph.input("input", ElementType.F32, SHAPE);

  private record Memory(long byteSize) implements Buffer {
    @Override
    public void close() {}
  }

  /** Sums run beside sums up to so many nodes ahead, and no two run as one. */
  private record Beside(int reach) implements NodeSharing {
    @Override
    public boolean together(OpSpec op, OpSpec next) {
      return false;
    }

    @Override
    public boolean beside(OpSpec op, OpSpec later) {
      return op.equals(later);
    }
  }

  private MemoryMap map(Value... kept) {
    return map(NodeSharing.NONE, kept);
  }

  private MemoryMap map(NodeSharing sharing, Value... kept) {
    Graph built = graph.build();
    return MemoryMap.of(built, ConstantFolding.of(built), List.of(kept), Value::type, sharing);
  }

  private Value add(String label, Value a, Value b) {
    return graph.add(label, new Add(), a, b);
  }

  private static Region region(MemoryMap map, Value value) {
    Region region = map.region(value);
    assertNotNull(region, value + " has no region");
    return region;
  }

  @Test
  void aChainNeedsTwoPlaces() {
    Value value = input;
    for (int i = 0; i < 6; i++) {
      value = add("step " + i, value, value);
    }
    MemoryMap map = map(value);
    assertEquals(2 * BYTES, map.bytes(Home.SLAB));
    assertEquals(0, map.bytes(Home.CONSTANTS));
    assertEquals(0, map.bytes(Home.PROLOGUE));
  }

  @Test
  void livesEndWithTheLastReader() {
    Value first = add("first", input, input);
    Value second = add("second", first, first);
    Value third = add("third", second, first);
    Value fourth = add("fourth", third, third);
    MemoryMap map = map(fourth);
    assertEquals(-1, region(map, input).firstStep);
    assertEquals(0, region(map, input).lastStep);
    assertEquals(0, region(map, first).firstStep);
    assertEquals(2, region(map, first).lastStep);
    assertEquals(4, region(map, fourth).lastStep, "the caller reads behind the last step");
  }

  @Test
  void whatMayRunBesideAnEarlierNodeIsThereSince() {
    Value first = add("first", input, input);
    Value readsFirst = graph.add("reads first", new Multiply(), first, first);
    Value second = add("second", input, input);
    // The second sum went ahead of it, so this product can be beside the first product.
    Value readsSecond = graph.add("reads second", new Multiply(), second, second);
    Value end = add("end", readsFirst, readsSecond);
    MemoryMap alone = map(end);
    assertEquals(2, region(alone, second).firstStep);
    assertEquals(3, region(alone, readsSecond).firstStep);
    MemoryMap near = map(new Beside(1), end);
    assertEquals(2, region(near, second).firstStep, "the first sum is two nodes ahead");
    MemoryMap shared = map(new Beside(2), end);
    assertEquals(0, region(shared, second).firstStep);
    assertEquals(1, region(shared, readsSecond).firstStep);
    assertEquals(4, region(shared, end).firstStep, "it waits for both");
    assertEquals(region(alone, first).firstStep, region(shared, first).firstStep);
  }

  @Test
  void keptTapsOutliveTheirReaders() {
    Value tap = add("tap", input, input);
    Value end = add("end", tap, tap);
    for (int i = 0; i < 3; i++) {
      end = add("after " + i, end, end);
    }
    assertEquals(1, region(map(end), tap).lastStep);
    MemoryMap kept = map(end, tap.columns("half of it", 0, 4));
    assertEquals(5, region(kept, tap).lastStep);
    assertEquals(3 * BYTES, kept.bytes(Home.SLAB));
  }

  @Test
  void aViewLiesInItsRoot() {
    Value view = input.columns("columns 2..5", 2, 4).rowsFrom("rows 1..", 1, Shape.of(1, 2, 4));
    Value sum = add("sum", view, view);
    MemoryMap map = map(sum);
    Memory slab = new Memory(map.bytes(Home.SLAB));
    TensorView placed = map.view(view, Map.of(Home.SLAB, slab));
    assertEquals(region(map, input).offset + 4 * (8 + 2), placed.offset());
    assertEquals(8, placed.rowStride());
    assertEquals(Shape.of(1, 2, 4), placed.shape());
  }

  @Test
  void jointMemoryLivesFromItsFirstWriterOn() {
    Value joint = graph.joint("joint", ElementType.F32, Shape.of(1, 8, 8));
    graph.addInto("upper", new Add(), joint.rowsFrom("rows 0", 0, SHAPE), input, input);
    Value between = add("between", input, input);
    graph.addInto("lower", new Add(), joint.rowsFrom("rows 4", 4, SHAPE), between, input);
    Value end = add("end", joint, joint);
    Region region = region(map(end), joint);
    assertEquals(2 * BYTES, region.bytes);
    assertEquals(0, region.firstStep);
    assertEquals(3, region.lastStep);
  }

  @Test
  void constantsThatCallsReadStayAndTheOthersPass() {
    Value declared = graph.constant("declared", ElementType.F32, SHAPE, memory -> {});
    Value passing = add("passing", declared, declared);
    Value lasting = add("lasting", passing, passing);
    Value end = add("end", lasting, input);
    MemoryMap map = map(end);
    assertEquals(Home.PROLOGUE, region(map, declared).home);
    assertEquals(Home.PROLOGUE, region(map, passing).home);
    assertEquals(Home.CONSTANTS, region(map, lasting).home);
    assertEquals(BYTES, map.bytes(Home.CONSTANTS));
    assertEquals(2 * BYTES, map.bytes(Home.PROLOGUE));
    assertEquals(Home.CONSTANTS, region(map(end, declared), declared).home, "a kept one stays too");
  }

  @Test
  void whatNobodyTouchesHasNoPlace() {
    Value unused = graph.joint("unused", ElementType.F32, SHAPE);
    Value end = add("end", input, input);
    assertNull(map(end).region(unused));
  }

  @Test
  void readingAheadOfTheFirstWriteIsRefused() {
    Value joint = graph.joint("joint", ElementType.F32, SHAPE);
    Value end = add("end", joint, input);
    assertEquals(
        "end reads value joint F32 [1, 4, 8], which no node before it writes",
        assertThrows(IllegalStateException.class, () -> map(end)).getMessage());
    graph.addInto("late", new Add(), joint, input, input);
    assertThrows(IllegalStateException.class, () -> map(end));
  }

  @Test
  void whatIsKeptMustBeWritten() {
    Value joint = graph.joint("joint", ElementType.F32, SHAPE);
    assertEquals(
        "the caller reads value joint F32 [1, 4, 8], which no node before it writes",
        assertThrows(IllegalStateException.class, () -> map(joint)).getMessage());
  }

  /** Lives and sizes by lot; no two that meet may share a byte, and none leaves the memory. */
  @RepeatedTest(200)
  void regionsThatMeetDoNotOverlap(RepetitionInfo repetition) {
    long seed = repetition.getCurrentRepetition();
    Random random = new Random(seed);
    List<Region> regions = new ArrayList<>();
    int count = 1 + random.nextInt(60);
    for (int i = 0; i < count; i++) {
      Region region = new Region(Home.SLAB, random.nextInt(5) == 0 ? 0 : random.nextInt(4000));
      region.touch(random.nextInt(40));
      region.touch(random.nextInt(40));
      regions.add(region);
    }
    long size = MemoryPlanner.place(regions);
    long used = 0;
    for (Region one : regions) {
      assertTrue(one.offset >= 0 && one.offset % 64 == 0, "seed " + seed);
      used = Math.max(used, one.end());
      for (Region other : regions) {
        if (one != other && one.firstStep <= other.lastStep && other.firstStep <= one.lastStep) {
          assertTrue(one.end() <= other.offset || other.end() <= one.offset, "seed " + seed);
        }
      }
    }
    assertEquals(used, size, "the size is the end of the last region, seed " + seed);
    assertTrue(size >= most(regions), "seed " + seed);
  }

  /** Bytes that are alive at once: no placement needs less. */
  private static long most(List<Region> regions) {
    long most = 0;
    for (int step = 0; step < 40; step++) {
      int at = step;
      most =
          Math.max(
              most,
              regions.stream()
                  .filter(region -> region.firstStep <= at && at <= region.lastStep)
                  .mapToLong(region -> region.bytes)
                  .sum());
    }
    return most;
  }
}
