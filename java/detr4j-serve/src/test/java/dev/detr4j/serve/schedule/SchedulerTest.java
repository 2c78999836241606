package dev.detr4j.serve.schedule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.serve.exchange.Refusal;
import dev.detr4j.serve.exchange.ServeAnswer;
import dev.detr4j.serve.schedule.Scheduler.Line;
import dev.detr4j.serve.schedule.Scheduler.Turn;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class SchedulerTest {
  private static final long LONG = TimeUnit.SECONDS.toNanos(20);

  private static long later() {
    return System.nanoTime() + LONG;
  }

  private static void awaitParked(List<Thread> threads) throws InterruptedException {
    for (Thread each : threads) {
      while (each.getState() != Thread.State.WAITING
          && each.getState() != Thread.State.TIMED_WAITING) {
        Thread.sleep(1);
      }
    }
  }

  @Test
  void asManyTurnsRunAtOnceAsThereAre() throws InterruptedException {
    Scheduler scheduler = new Scheduler(2, 100);
    Line line = scheduler.newLine();
    AtomicInteger running = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    CyclicBarrier pairs = new CyclicBarrier(2); // who is alone in computing waits for ever
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      threads.add(
          Thread.startVirtualThread(() -> {
            try (Turn _ = scheduler.take(line, later())) {
              most.accumulateAndGet(running.incrementAndGet(), Math::max);
              pairs.await();
              running.decrementAndGet();
            } catch (InterruptedException | BrokenBarrierException e) {
              throw new IllegalStateException(e);
            }
          }));
    }
    for (Thread each : threads) {
      each.join();
    }
    assertEquals(2, most.get());
    assertEquals(0, scheduler.running());
  }

  @Test
  void aLineIsServedInTheOrderOfArrival() throws InterruptedException {
    Scheduler scheduler = new Scheduler(1, 100);
    Line line = scheduler.newLine();
    List<Integer> order = Collections.synchronizedList(new ArrayList<>());
    List<Thread> threads = new ArrayList<>();
    try (Turn _ = scheduler.take(line, later())) {
      for (int i = 0; i < 20; i++) {
        int number = i;
        threads.add(
            Thread.ofPlatform()
                .start(() -> {
                  try (Turn _ = scheduler.take(line, later())) {
                    order.add(number);
                  }
                }));
        awaitParked(threads);
      }
    }
    for (Thread each : threads) {
      each.join();
    }
    assertEquals(IntStream.range(0, 20).boxed().toList(), order);
  }

  /** A model whose calls take 20 times as long gets a twentieth of the turns, half of the time. */
  @Test
  void linesShareTheTimeNotTheTurns() throws InterruptedException {
    Scheduler scheduler = new Scheduler(1, 1000);
    Line slow = scheduler.newLine();
    Line fast = scheduler.newLine();
    AtomicInteger slowTurns = new AtomicInteger();
    AtomicInteger fastTurns = new AtomicInteger();
    CountDownLatch end = new CountDownLatch(1);
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      threads.add(Thread.startVirtualThread(() -> work(scheduler, slow, 20, slowTurns, end)));
      threads.add(Thread.startVirtualThread(() -> work(scheduler, fast, 1, fastTurns, end)));
    }
    Thread.sleep(1_500);
    end.countDown();
    for (Thread each : threads) {
      each.join();
    }
    // Half of 1.5 s are 37 turns of 20 ms; sleeping is never shorter, and often longer.
    assertTrue(slowTurns.get() <= 45, slowTurns + " slow turns");
    assertTrue(
        fastTurns.get() >= 5 * slowTurns.get(), fastTurns + " fast and " + slowTurns + " slow");
  }

  private static void work(
      Scheduler scheduler, Line line, int milliseconds, AtomicInteger turns, CountDownLatch end) {
    while (end.getCount() > 0) {
      try (Turn _ = scheduler.take(line, later())) {
        Thread.sleep(milliseconds);
        turns.incrementAndGet();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  @Test
  void aFullQueueRefusesAtOnce() {
    Scheduler scheduler = new Scheduler(1, 2);
    Line line = scheduler.newLine();
    for (int i = 0; i < 3; i++) {
      scheduler.enter(line, LONG);
    }
    Refusal refusal = assertThrows(Refusal.class, () -> scheduler.enter(line, LONG));
    assertEquals(503, refusal.status());
    assertEquals("2 requests are waiting, as many as may", refusal.getMessage());
    assertEquals("1", refusal.on(ServeAnswer.text(503, "")).headers().get("Retry-After"));
    scheduler.leave();
    scheduler.enter(line, LONG);
    assertEquals(3, scheduler.atHand());
  }

  @Test
  void aRequestThatCannotMakeItIsRefusedEarly() throws InterruptedException {
    Scheduler scheduler = new Scheduler(1, 100);
    Line line = scheduler.newLine();
    try (Turn _ = scheduler.take(line, later())) {
      Thread.sleep(50);
    }
    scheduler.enter(line, TimeUnit.MILLISECONDS.toNanos(500));
    List<Thread> threads = new ArrayList<>();
    try (Turn _ = scheduler.take(line, later())) {
      for (int i = 0; i < 3; i++) {
        threads.add(Thread.startVirtualThread(() -> scheduler.take(line, later()).close()));
      }
      awaitParked(threads);
      // Three of 50 ms wait, and this one would take 50 ms more.
      Refusal refusal =
          assertThrows(
              Refusal.class, () -> scheduler.enter(line, TimeUnit.MILLISECONDS.toNanos(120)));
      assertEquals(503, refusal.status());
      scheduler.enter(line, LONG);
    }
  }

  /** One slow call does not refuse what follows it on an idle machine. */
  @Test
  void anIdleSchedulerRefusesNothing() throws InterruptedException {
    Scheduler scheduler = new Scheduler(1, 100);
    Line line = scheduler.newLine();
    try (Turn _ = scheduler.take(line, later())) {
      Thread.sleep(100);
    }
    scheduler.enter(line, TimeUnit.MILLISECONDS.toNanos(10));
    assertEquals(1, scheduler.atHand());
  }

  /** A line that has computed alone for long is not in debt to one that comes later. */
  @Test
  void aLineThatWasAloneDoesNotStarve() throws InterruptedException {
    Scheduler scheduler = new Scheduler(1, 100);
    Line busy = scheduler.newLine();
    Line late = scheduler.newLine();
    AtomicInteger busyTurns = new AtomicInteger();
    AtomicInteger lateTurns = new AtomicInteger();
    CountDownLatch end = new CountDownLatch(1);
    List<Thread> threads = new ArrayList<>();
    threads.add(Thread.startVirtualThread(() -> work(scheduler, busy, 2, busyTurns, end)));
    Thread.sleep(500);
    int alone = busyTurns.get();
    for (int i = 0; i < 4; i++) {
      threads.add(Thread.startVirtualThread(() -> work(scheduler, late, 2, lateTurns, end)));
    }
    Thread.sleep(400);
    end.countDown();
    for (Thread each : threads) {
      each.join();
    }
    int shared = busyTurns.get() - alone;
    // A single caller has to come back for each turn; half of the turns is the most that it gets.
    assertTrue(4 * shared >= lateTurns.get(), shared + " and " + lateTurns + " turns");
  }

  @Test
  void waitingEndsWithTheTimeAndWithAnInterrupt() throws InterruptedException {
    Scheduler scheduler = new Scheduler(1, 100);
    Line line = scheduler.newLine();
    try (Turn _ = scheduler.take(line, later())) {
      assertEquals(
          504,
          assertThrows(Refusal.class, () -> scheduler.take(line, System.nanoTime() + 1_000_000))
              .status());
      AtomicInteger status = new AtomicInteger();
      Thread waiting =
          Thread.ofVirtual()
              .start(() ->
                  status.set(
                      assertThrows(Refusal.class, () -> scheduler.take(line, later())).status()));
      awaitParked(List.of(waiting));
      waiting.interrupt();
      waiting.join();
      assertEquals(499, status.get());
    }
    scheduler.take(line, later()).close(); // nothing was left behind
    assertEquals(0, scheduler.running());
  }
}
