package dev.detr4j.backend.host;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.detr4j.model.graph.DerivedWeight;
import dev.detr4j.op.Convolution;
import dev.detr4j.op.KernelWindow;
import dev.detr4j.op.Linear;
import dev.detr4j.runtime.WorkerPool;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.Weight;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import java.util.function.BiFunction;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What is packed from the memory of a weight that changes, and from that of the weight whose swap
 * it is, has the bits of what is packed from a copy of its values.
 */
class ChangedWeightsTest {
  private static final int COLUMNS = 32;

  /** A weight in memory, as one that is trained. */
  private record Trained(Shape shape, MemorySegment inMemory) implements Weight {
    static Trained of(Arena arena, Shape shape) {
      return new Trained(shape, arena.allocate(4 * shape.elements(), 64));
    }

    void change(Random random) {
      for (long i = 0; i < shape.elements(); i++) {
        inMemory.setAtIndex(ValueLayout.JAVA_FLOAT, i, random.nextFloat() - 0.5f);
      }
    }

    @Override
    public String name() {
      return "trained";
    }

    @Override
    public void read(MemorySegment destination) {
      MemorySegment.copy(inMemory, 0, destination, 0, inMemory.byteSize());
    }

    @Override
    public boolean changes() {
      return true;
    }
  }

  /** The values of another weight at some time, and nothing of where they come from. */
  private record Copy(Weight of, String time) implements Weight {
    @Override
    public String name() {
      return "copy";
    }

    @Override
    public Shape shape() {
      return of.shape();
    }

    @Override
    public void read(MemorySegment destination) {
      of.read(destination);
    }
  }

  private static void check(
      Trained trained, Weight weight, BiFunction<HostWeights, Weight, MemorySegment> pack) {
    Random random = new Random(19);
    try (WorkerPool pool = WorkerPool.own(2, "packs");
        HostWeights weights = new HostWeights(pool)) {
      trained.change(random);
      MemorySegment packed = pack.apply(weights, weight);
      assertEquals(
          -1, packed.mismatch(pack.apply(weights, new Copy(weight, "first"))), "packed first");
      trained.change(random);
      weights.packChanged();
      assertEquals(
          -1, packed.mismatch(pack.apply(weights, new Copy(weight, "later"))), "packed anew");
    }
  }

  /** Channels that fill panels, and that do not; more than a block of them. */
  @ParameterizedTest
  @ValueSource(ints = {1, 5, 31, 32, 33, 70, 300})
  void linear(int features) {
    try (Arena arena = Arena.ofShared()) {
      int other = 301 - features;
      Trained matrix = Trained.of(arena, Shape.of(other, features));
      Linear forward = Linear.of(features, other);
      Linear back = Linear.of(other, features);
      check(
          matrix,
          matrix,
          (weights, each) -> PanelPacking.weight(weights, forward, each, COLUMNS, ElementType.F32));
      check(
          matrix,
          DerivedWeight.transposed(matrix),
          (weights, each) -> PanelPacking.weight(weights, back, each, COLUMNS, ElementType.F32));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 16, 31, 64, 70})
  void convolution(int channels) {
    try (Arena arena = Arena.ofShared()) {
      int other = 71 - channels;
      KernelWindow window = new KernelWindow(3, 3, 1, 1, 1);
      Trained kernel = Trained.of(arena, Shape.of(other, channels, 3, 3));
      Convolution forward = Convolution.of(channels, other, window);
      Convolution back = Convolution.of(other, channels, window);
      Weight turned = DerivedWeight.turned(kernel, 1);
      check(
          kernel,
          turned,
          (weights, each) -> PanelPacking.weight(weights, back, each, COLUMNS, ElementType.F32));
      for (WinogradPacking packing : WinogradPacking.values()) {
        check(
            kernel,
            kernel,
            (weights, each) -> packing.weight(weights, forward, each, COLUMNS, ElementType.F32));
        check(
            kernel,
            turned,
            (weights, each) -> packing.weight(weights, back, each, COLUMNS, ElementType.F32));
      }
    }
  }
}
