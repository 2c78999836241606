package dev.detr4j.plan;

import dev.detr4j.backend.Program;
import dev.detr4j.backend.Queue;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.HostData;
import dev.detr4j.model.graph.Value;
import dev.detr4j.plan.Region.Home;
import dev.detr4j.tensor.Buffer;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;

/**
 * Puts the constants of a graph where {@link MemoryMap} has them: uploads those that are declared
 * and runs the nodes that make others of them.
 */
final class ConstantValues {
  private ConstantValues() {}

  /** Returns when the constants are there for every queue. */
  static void compute(
      Graph graph,
      ConstantFolding folding,
      MemoryMap memory,
      Map<Home, Buffer> homes,
      Queue queue) {
    for (Map.Entry<Value, HostData> constant : graph.constants().entrySet()) {
      upload(memory.view(constant.getKey(), homes), constant.getValue(), queue);
    }
    if (folding.prologue().isEmpty()) {
      queue.synchronise();
      return;
    }
    try (Program program =
        queue.compile(GraphPlan.bind(folding.prologue(), graph.weights(), memory, homes))) {
      queue.submit(program);
      queue.synchronise();
    }
  }

  private static void upload(TensorView place, HostData data, Queue queue) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment host = arena.allocate(Math.max(place.spanBytes(), 4), 64);
      data.write(host);
      queue.upload(host, 0, place.buffer(), place.offset(), place.spanBytes());
    }
  }
}
