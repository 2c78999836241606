package dev.detr4j.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;

import dev.detr4j.tensor.Buffer;
import org.junit.jupiter.api.Test;

class SessionMemoryTest {
  private final CountedBackend backend = new CountedBackend();

  @Test
  void aSlabIsAsLargeAsTheLargestSizeNeeds() {
    try (SessionMemory memory = new SessionMemory(backend, new IdleQueue())) {
      Buffer first = memory.slab(1000);
      assertSame(first, memory.slab(1000));
      assertSame(first, memory.slab(10));
      Buffer larger = memory.slab(3000);
      assertNotSame(first, larger);
      assertSame(larger, memory.slab(1000));
      assertEquals(3000, backend.live.get(), "the former is freed");
      memory.pixels(500);
      memory.pixels(700);
      memory.pixels(600);
      assertEquals(3700, backend.live.get());
      assertEquals(4, backend.allocations.get());
    }
    assertEquals(0, backend.live.get());
  }
}
