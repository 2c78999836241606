package dev.detr4j.runtime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.error.BackendException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;

/** Who runs the tiles, how often, and how many threads there are for it. */
class WorkerPoolTest {
  private static final String NAME = "shared-in-test";

  private final SharedCrew crew = new SharedCrew(NAME);

  @Test
  void poolsShareTheWorkersOfTheLargest() {
    WorkerPool large = WorkerPool.shared(4, crew);
    assertEquals(3, workers(NAME));
    WorkerPool small = WorkerPool.shared(2, crew);
    assertEquals(3, workers(NAME));
    WorkerPool alone = WorkerPool.shared(1, crew);
    assertEquals(3, workers(NAME));
    WorkerPool larger = WorkerPool.shared(5, crew);
    assertEquals(4, workers(NAME));
    runsEveryTileOnce(small);
    runsEveryTileOnce(larger);
    large.close();
    large.close();
    larger.close();
    alone.close();
    runsEveryTileOnce(small);
    small.close();
    assertEquals(0, workers(NAME));
    runsEveryTileOnce(small);

    try (WorkerPool again = WorkerPool.shared(2, crew)) {
      assertEquals(1, workers(NAME));
      runsEveryTileOnce(again);
    }
    assertEquals(0, workers(NAME));
  }

  @Test
  void anOwnPoolHasThreadsOfItsOwn() {
    try (WorkerPool shared = WorkerPool.shared(3, crew);
        WorkerPool own = WorkerPool.own(2, "own-in-test")) {
      assertEquals(2, workers(NAME));
      assertEquals(1, workers("own-in-test"));
      runsEveryTileOnce(own);
      runsEveryTileOnce(shared);
    }
    assertEquals(0, workers("own-in-test"));
  }

  /** The scratch of a worker that does not belong to a job would lie outside the array. */
  @Test
  void aSmallPoolOfALargeCrewUsesNoMoreThreadsThanItHas() {
    try (WorkerPool large = WorkerPool.shared(5, crew);
        WorkerPool small = WorkerPool.shared(2, crew)) {
      for (int round = 0; round < 2_000; round++) {
        runsEveryTileOnce(small);
        runsEveryTileOnce(large);
      }
    }
  }

  @Test
  void callersAtOnceDoNotMixTheirTiles() throws Exception {
    try (WorkerPool two = WorkerPool.shared(2, crew);
        WorkerPool four = WorkerPool.shared(4, crew);
        ExecutorService callers = Executors.newFixedThreadPool(4)) {
      List<Future<?>> running = new ArrayList<>();
      for (int caller = 0; caller < 4; caller++) {
        WorkerPool pool = caller % 2 == 0 ? two : four;
        Callable<Void> calls =
            () -> {
              for (int round = 0; round < 1_000; round++) {
                runsEveryTileOnce(pool);
              }
              return null;
            };
        running.add(callers.submit(calls));
      }
      for (Future<?> caller : running) {
        caller.get();
      }
    }
  }

  @Test
  void aTileThatFailsIsNamedAndTheOthersEnd() {
    try (WorkerPool pool = WorkerPool.shared(3, crew);
        Arena arena = Arena.ofShared()) {
      AtomicIntegerArray runs = new AtomicIntegerArray(20);
      TileTask job =
          (tile, _) -> {
            runs.incrementAndGet(tile);
            if (tile == 7) {
              throw new IllegalStateException("seven");
            }
          };
      BackendException failure =
          assertThrows(
              BackendException.class, () -> pool.run(job, 20, scratch(arena, 3), "encoder.0"));
      assertEquals(
          "step encoder.0 failed: java.lang.IllegalStateException: seven", failure.getMessage());
      for (int tile = 0; tile < 20; tile++) {
        assertEquals(1, runs.get(tile));
      }
    }
  }

  @Test
  void noThreadsIsAMistake() {
    assertThrows(IllegalArgumentException.class, () -> WorkerPool.shared(0));
    assertThrows(IllegalArgumentException.class, () -> WorkerPool.own(0, "none"));
  }

  private static void runsEveryTileOnce(WorkerPool pool) {
    int tiles = 13;
    AtomicIntegerArray runs = new AtomicIntegerArray(tiles);
    try (Arena arena = Arena.ofShared()) {
      MemorySegment[] scratch = scratch(arena, pool.threads());
      pool.run(
          (tile, memory) -> {
            // Two threads with one scratch would see each other's numbers.
            memory.set(ValueLayout.JAVA_INT, 0, tile);
            Thread.onSpinWait();
            if (memory.get(ValueLayout.JAVA_INT, 0) == tile) {
              runs.incrementAndGet(tile);
            }
          },
          tiles,
          scratch,
          "step");
    }
    for (int tile = 0; tile < tiles; tile++) {
      assertEquals(1, runs.get(tile), "tile " + tile);
    }
  }

  private static MemorySegment[] scratch(Arena arena, int threads) {
    MemorySegment[] scratch = new MemorySegment[threads];
    for (int i = 0; i < threads; i++) {
      scratch[i] = arena.allocate(64);
    }
    return scratch;
  }

  private static int workers(String name) {
    List<Thread> found =
        Thread.getAllStackTraces().keySet().stream()
            .filter(thread -> thread.getName().startsWith(name + "-"))
            .toList();
    assertTrue(found.stream().allMatch(Thread::isDaemon));
    return found.size();
  }
}
