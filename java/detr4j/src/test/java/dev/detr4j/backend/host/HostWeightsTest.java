package dev.detr4j.backend.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.error.Detr4jException;
import dev.detr4j.model.graph.DerivedWeight;
import dev.detr4j.runtime.WorkerPool;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.Weight;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What is packed once, and who packs it. */
class HostWeightsTest {
  private static final int PARTS = 64;

  /** A weight as a checkpoint has them: equal to itself alone. */
  private static final class Stored implements Weight {
    private int reads;

    @Override
    public String name() {
      return "stored";
    }

    @Override
    public Shape shape() {
      return Shape.of(4, 3);
    }

    @Override
    public void read(MemorySegment destination) {
      reads++;
      for (int i = 0; i < 12; i++) {
        destination.setAtIndex(ValueLayout.JAVA_FLOAT, i, i);
      }
    }
  }

  @Test
  void equalWeightsArePackedOnce() {
    try (WorkerPool pool = WorkerPool.own(1, "alone");
        HostWeights weights = new HostWeights(pool)) {
      Stored stored = new Stored();
      MemorySegment first = weights.plain(DerivedWeight.rowRange("first name", stored, 1, 2));
      MemorySegment second = weights.plain(DerivedWeight.rowRange("second name", stored, 1, 2));
      assertSame(first, second);
      assertEquals(1, weights.count());
      assertEquals(4 * 6, weights.bytes());
      assertEquals(1, stored.reads);
      assertEquals(3, first.getAtIndex(ValueLayout.JAVA_FLOAT, 0));

      assertNotSame(first, weights.plain(DerivedWeight.rowRange("other rows", stored, 0, 2)));
      assertNotSame(first, weights.plain(DerivedWeight.rowRange("other", new Stored(), 1, 2)));
      assertEquals(3, weights.count());
    }
  }

  /** The parts wait for each other, so that every thread which takes part is seen. */
  @Test
  void theThreadsOfTheBackendPack() {
    try (WorkerPool pool = WorkerPool.own(3, "packs");
        HostWeights weights = new HostWeights(pool)) {
      CountDownLatch three = new CountDownLatch(3);
      Set<String> names = packers(weights, three);
      assertEquals(Set.of(Thread.currentThread().getName(), "packs-1", "packs-2"), names);
    }
  }

  @Test
  void oneThreadPacksAlone() {
    try (WorkerPool pool = WorkerPool.shared(1);
        HostWeights weights = new HostWeights(pool)) {
      assertEquals(
          Set.of(Thread.currentThread().getName()), packers(weights, new CountDownLatch(1)));
    }
  }

  private static Set<String> packers(HostWeights weights, CountDownLatch all) {
    Set<String> names = ConcurrentHashMap.newKeySet();
    weights.packed(
        new Stored(),
        "in parts",
        PARTS,
        PARTS,
        (part, values, packed) -> {
          packed.set(ValueLayout.JAVA_BYTE, part, (byte) 1);
          if (names.add(Thread.currentThread().getName())) {
            all.countDown();
          }
          try {
            assertTrue(all.await(20, TimeUnit.SECONDS));
          } catch (InterruptedException e) {
            throw new AssertionError(e);
          }
        });
    return names;
  }

  @Test
  void aFailureNamesTheWeight() {
    try (WorkerPool pool = WorkerPool.shared(1);
        HostWeights weights = new HostWeights(pool)) {
      Detr4jException e =
          assertThrows(
              Detr4jException.class,
              () ->
                  weights.packed(
                      new Stored(),
                      "none",
                      4,
                      (values, packed) -> packed.set(ValueLayout.JAVA_INT, 4, 0)));
      assertTrue(e.getMessage().startsWith("step packing of stored failed"), e.getMessage());
      assertEquals(0, weights.count());
    }
  }
}
