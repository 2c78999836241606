package dev.detr4j.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class SessionGateTest {
  private final SessionGate gate = new SessionGate();
  private final AtomicInteger freed = new AtomicInteger();

  @Test
  void oneAtATime() {
    gate.enter();
    assertEquals(
        "the session is in use by another thread: a session serves one caller at a time",
        assertThrows(IllegalStateException.class, gate::enter).getMessage());
    gate.leave();
    gate.enter();
    gate.leave();
  }

  @Test
  void closingWaitsAndIsDoneOnce() throws InterruptedException {
    gate.enter();
    Thread closer = new Thread(() -> gate.close(freed::incrementAndGet));
    closer.start();
    closer.join(20);
    assertTrue(closer.isAlive());
    assertEquals(0, freed.get());
    gate.leave();
    closer.join();
    assertFalse(gate.close(freed::incrementAndGet));
    assertEquals(1, freed.get());
    assertEquals(
        "the session is closed",
        assertThrows(IllegalStateException.class, gate::enter).getMessage());
  }

  @Test
  void whoComesAfterTheClosingBeganIsRefused() {
    gate.enter();
    gate.refuse();
    gate.leave();
    assertEquals(
        "the session is closed",
        assertThrows(IllegalStateException.class, gate::enter).getMessage());
    assertTrue(gate.close(freed::incrementAndGet));
  }

  @Test
  void aFailureWhileFreeingClosesTheGateToo() {
    assertThrows(
        IllegalArgumentException.class,
        () ->
            gate.close(() -> {
              throw new IllegalArgumentException("no such memory");
            }));
    assertFalse(gate.close(freed::incrementAndGet));
  }
}
