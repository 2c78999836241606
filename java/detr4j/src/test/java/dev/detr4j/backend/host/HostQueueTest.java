package dev.detr4j.backend.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.Program;
import dev.detr4j.backend.Queue;
import dev.detr4j.error.BackendException;
import dev.detr4j.op.MaxPool;
import dev.detr4j.tensor.Buffer;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class HostQueueTest {
  private int binds;

  /** Stands for every operation with two phases: what it computes goes through the workspace. */
  private final class ThroughWorkspace implements HostOp<MaxPool> {
    @Override
    public long workspaceBytes(MaxPool op, BoundNode node, HostContext context) {
      return node.input(0).spanBytes();
    }

    @Override
    public List<HostKernel> bind(
        MaxPool op, BoundNode node, HostContext context, MemorySegment workspace) {
      binds++;
      MemorySegment in = HostBuffer.segment(node.input(0));
      MemorySegment out = HostBuffer.segment(node.output(0));
      return List.of(
          kernel(64, scratch -> workspace.copyFrom(in)),
          kernel(
              in.byteSize(),
              scratch -> {
                scratch.copyFrom(workspace.asSlice(0, in.byteSize()));
                out.copyFrom(scratch.asSlice(0, in.byteSize()));
              }));
    }
  }

  private interface Work {
    void run(MemorySegment scratch);
  }

  private static HostKernel kernel(long scratchBytes, Work work) {
    return new HostKernel() {
      @Override
      public int tiles() {
        return 1;
      }

      @Override
      public long scratchBytes() {
        return scratchBytes;
      }

      @Override
      public void run(int tile, MemorySegment scratch) {
        work.run(scratch);
      }
    };
  }

  private final HostBackend backend =
      new HostBackend(
          BackendKind.REFERENCE,
          "none",
          Map.of(MaxPool.class, new ThroughWorkspace()),
          new BackendOptions(2, null, 0));

  @AfterEach
  void close() {
    backend.close();
  }

  /** Copies a map of so many pixels from the first half of a buffer to the second. */
  private static BoundNode copy(Buffer buffer, int pixels) {
    Shape shape = Shape.of(1, 1, pixels, 1);
    return new BoundNode(
        "copy",
        new MaxPool(1, 1, 0),
        List.of(new TensorView(buffer, 0, ElementType.F32, shape, 1, pixels)),
        List.of(new TensorView(buffer, 4L * pixels, ElementType.F32, shape, 1, pixels)));
  }

  private static void assertCopies(Queue queue, Program program, Buffer buffer, int pixels) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment host = arena.allocate(4L * pixels, 4);
      host.fill((byte) pixels);
      queue.upload(host, 0, buffer, 0, 4L * pixels);
      queue.submit(program);
      MemorySegment back = arena.allocate(4L * pixels, 4);
      queue.download(buffer, 4L * pixels, back, 0, 4L * pixels);
      queue.synchronise();
      assertEquals(-1, host.mismatch(back));
    }
  }

  @Test
  void programsOfAQueueShareTheLargestWorkspace() {
    try (Queue queue = backend.newQueue();
        Buffer few = backend.allocate(8 * 100);
        Buffer many = backend.allocate(8 * 5000);
        Program small = queue.compile(List.of(copy(few, 100)));
        Program large = queue.compile(List.of(copy(many, 5000)))) {
      assertTrue(queue.bytes() < 2 * (20_000 + 2 * (20_000 + 128)), queue.bytes() + " bytes");
      assertEquals(2, binds);
      for (int i = 0; i < 3; i++) {
        assertCopies(queue, small, few, 100);
        assertCopies(queue, large, many, 5000);
      }
      assertEquals(3, binds, "the small one once more, since its workspace was replaced");
    }
  }

  @Test
  void aProgramRunsOnItsOwnQueueUntilItIsClosed() {
    try (Queue queue = backend.newQueue();
        Queue other = backend.newQueue();
        Buffer buffer = backend.allocate(80)) {
      Program program = queue.compile(List.of(copy(buffer, 10)));
      assertThrows(IllegalArgumentException.class, () -> other.submit(program));
      program.close();
      program.close();
      assertThrows(IllegalStateException.class, () -> queue.submit(program));
    }
  }

  @Test
  void rowsThatLieApartArePacked() {
    try (Queue queue = backend.newQueue();
        Buffer buffer = backend.allocate(64);
        Arena arena = Arena.ofConfined()) {
      byte[] rows = {1, 2, 3, -1, 4, 5, 6, -1, 7, 8, 9};
      queue.uploadRows(MemorySegment.ofArray(rows), 4, buffer, 2, 3, 3);
      MemorySegment back = arena.allocate(16);
      queue.download(buffer, 0, back, 0, 16);
      queue.synchronise();
      assertEquals(
          List.of((byte) 0, (byte) 0, (byte) 1, (byte) 2, (byte) 3, (byte) 4),
          List.of(at(back, 0), at(back, 1), at(back, 2), at(back, 3), at(back, 4), at(back, 5)));
      assertEquals(9, at(back, 10));
      assertEquals(0, at(back, 11));
    }
  }

  private static byte at(MemorySegment memory, long offset) {
    return memory.get(ValueLayout.JAVA_BYTE, offset);
  }

  /** 2^50 bytes are more than any machine has, 2^63 - 1 more than can be counted in pages. */
  @Test
  void tooMuchMemoryIsRefusedWithWhatIsThere() {
    for (long bytes : new long[] {1L << 50, Long.MAX_VALUE}) {
      String reason =
          assertThrows(BackendException.class, () -> backend.allocate(bytes)).getMessage();
      String need = bytes == 1L << 50 ? "1073741824 MiB" : "8796093022208 MiB";
      assertTrue(
          reason.matches(
              "cannot allocate "
                  + need
                  + " of off-heap memory for tensors: (\\d+ MiB are free on this machine|how much is"
                  + " free is unknown on this system) \\(.+\\)"),
          reason);
      try (Arena arena = Arena.ofConfined()) {
        assertThrows(BackendException.class, () -> backend.hostMemory(arena, bytes));
      }
    }
    assertThrows(IllegalArgumentException.class, () -> backend.allocate(-1));
    backend.allocate(64).close();
  }
}
