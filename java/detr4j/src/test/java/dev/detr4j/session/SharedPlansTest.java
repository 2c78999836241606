package dev.detr4j.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.detr4j.error.BackendException;
import dev.detr4j.image.PixelSize;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import dev.detr4j.op.Add;
import dev.detr4j.plan.GraphPlan;
import dev.detr4j.plan.Planner;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class SharedPlansTest {
  /** Of the one constant of each plan. */
  private static final long BYTES = 4 * 16;

  private final CountedBackend backend = new CountedBackend();
  private final AtomicInteger planned = new AtomicInteger();
  private final SharedPlans plans = new SharedPlans(3);

  private static SharedPlans.Key size(int side) {
    PixelSize size = new PixelSize(side, side);
    return new SharedPlans.Key(size, List.of(size));
  }

  private GraphPlan plan() {
    planned.incrementAndGet();
    Graph.Builder graph = new Graph.Builder();
    Shape shape = Shape.of(1, 1, 16);
    Value input = graph.input("input", ElementType.F32, shape);
    Value constant = graph.constant("constant", ElementType.F32, shape, memory -> {});
    graph.output("sum", graph.add("sum", new Add(), input, constant));
    return Planner.plan(graph.build(), backend, new IdleQueue(), Set.of());
  }

  private SharedPlans.Lease acquire(int side) {
    return plans.acquire(size(side), this::plan);
  }

  @Test
  void sessionsShareThePlanOfASize() {
    SharedPlans.Lease first = acquire(1);
    SharedPlans.Lease second = acquire(1);
    SharedPlans.Lease other = acquire(2);
    assertSame(first.plan(), second.plan());
    assertNotSame(first.plan(), other.plan());
    assertEquals(2, planned.get());
    assertEquals(2 * BYTES, backend.live.get());
  }

  @Test
  void everNewSizesAreBounded() {
    for (int side = 1; side <= 50; side++) {
      acquire(side).close();
      assertEquals(Math.min(side, 3), plans.size());
      assertEquals(Math.min(side, 3) * BYTES, backend.live.get());
    }
    plans.close();
    assertEquals(0, backend.live.get());
  }

  @Test
  void theLeastRecentlyUsedGoesFirst() {
    acquire(1).close();
    acquire(2).close();
    acquire(3).close();
    acquire(1).close();
    acquire(4).close();
    assertEquals(4, planned.get());
    acquire(1).close();
    acquire(3).close();
    assertEquals(4, planned.get(), "1 and 3 are there");
    acquire(2).close();
    assertEquals(5, planned.get(), "2 was the one to go");
  }

  @Test
  void whatIsInUseStays() {
    List<SharedPlans.Lease> leases = new ArrayList<>();
    for (int side = 1; side <= 10; side++) {
      leases.add(acquire(side));
    }
    assertEquals(10 * BYTES, backend.live.get());
    for (SharedPlans.Lease lease : leases) {
      lease.close();
      lease.close();
    }
    assertEquals(3, plans.size());
    assertEquals(3 * BYTES, backend.live.get());
  }

  @Test
  void aPlanThatFailsLeavesNothingAndMayBeTriedAgain() {
    assertThrows(
        BackendException.class,
        () ->
            plans.acquire(
                size(1),
                () -> {
                  throw new BackendException("no memory");
                }));
    assertEquals(0, plans.size());
    acquire(1).close();
    assertEquals(1, plans.size());
  }

  @Test
  void ofManyAtOnceOnePlans() throws Exception {
    int callers = 8;
    CountDownLatch start = new CountDownLatch(1);
    try (ExecutorService pool = Executors.newFixedThreadPool(callers)) {
      List<Future<GraphPlan>> found = new ArrayList<>();
      Callable<GraphPlan> caller =
          () -> {
            start.await();
            try (SharedPlans.Lease lease = acquire(1)) {
              return lease.plan();
            }
          };
      for (int i = 0; i < callers; i++) {
        found.add(pool.submit(caller));
      }
      start.countDown();
      for (Future<GraphPlan> each : found) {
        assertSame(found.getFirst().get(), each.get());
      }
    }
    assertEquals(1, planned.get());
  }
}
