package dev.detr4j.backend.vector;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.BackendProvider;
import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.Queue;
import dev.detr4j.backend.c.CBackendProvider;
import dev.detr4j.backend.reference.ReferenceBackendProvider;
import dev.detr4j.op.Convolution;
import dev.detr4j.op.KernelWindow;
import dev.detr4j.op.Linear;
import dev.detr4j.op.OpSpec;
import dev.detr4j.tensor.Buffer;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.TensorView;
import dev.detr4j.tensor.Weight;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A backend of one thread hands no work to another one, neither to run nor to pack. */
class PackingThreadsTest {
  private static final String THREAD = "thread ";

  /** In a JVM of its own, whose common pool has threads to offer and nobody else to serve. */
  @Test
  void oneThreadMeansOneThread() throws Exception {
    String output =
        KernelJvm.run(
            Workload.class, 512, "-Djava.util.concurrent.ForkJoinPool.common.parallelism=3");
    assertEquals(List.of(), output.lines().filter(line -> line.startsWith(THREAD)).toList());
  }

  /** Packs a weight of each layout on every backend. */
  static final class Workload {
    private Workload() {}

    /** Prints the threads of pools that are there afterwards. */
    public static void main(String[] args) {
      BackendOptions alone = new BackendOptions(1, null, 0);
      List<BackendProvider> providers =
          List.of(
              new ReferenceBackendProvider(), new VectorBackendProvider(), new CBackendProvider());
      Shape map = Shape.of(1, 24, 24, 256);
      for (BackendProvider provider : providers) {
        if (provider.unavailable(alone) == null) {
          try (Backend backend = provider.open(alone);
              Buffer buffer = backend.allocate(8 << 20)) {
            for (OpSpec op :
                List.of(
                    Convolution.of(256, 256, KernelWindow.PIXEL),
                    Convolution.of(256, 256, KernelWindow.square(3).withPadding(1)),
                    Linear.of(256, 256))) {
              run(backend, buffer, op, map);
            }
          }
        }
      }
      for (Thread thread : Thread.getAllStackTraces().keySet()) {
        String name = thread.getName();
        if (name.startsWith("ForkJoinPool") || name.startsWith("detr4j")) {
          System.out.println(THREAD + name);
        }
      }
    }

    private static void run(Backend backend, Buffer buffer, OpSpec op, Shape map) {
      TensorView in = view(buffer, 0, map);
      TensorView out = view(buffer, 4 << 20, op.outputs(List.of(map)).getFirst().shape());
      List<Weight> weights =
          op.weights().stream().<Weight>map(each -> new Zeros(each.role(), each.shape())).toList();
      BoundNode node = new BoundNode("node", op, List.of(in), weights, List.of(out));
      try (Queue queue = backend.newQueue()) {
        queue.compile(List.of(node)).close();
      }
    }

    private static TensorView view(Buffer buffer, long offset, Shape shape) {
      return new TensorView(buffer, offset, ElementType.F32, shape, shape.last(), shape.elements());
    }
  }

  private record Zeros(String name, Shape shape) implements Weight {
    @Override
    public void read(MemorySegment destination) {
      destination.fill((byte) 0);
    }
  }
}
