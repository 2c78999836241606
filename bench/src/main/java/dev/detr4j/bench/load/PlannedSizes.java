package dev.detr4j.bench.load;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.BackendSelection;
import dev.detr4j.backend.BackendSettings;
import dev.detr4j.backend.Queue;
import dev.detr4j.backend.host.HostBackend;
import dev.detr4j.model.graph.DetectionModel;
import dev.detr4j.model.graph.ModelInput;
import dev.detr4j.parity.GoldenSet;
import dev.detr4j.plan.ExecutionPlan;
import dev.detr4j.plan.GraphPlan;
import dev.detr4j.plan.Planner;
import dev.detr4j.tensor.Buffer;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;

/**
 * Plans a network for several sizes and prints rows of what is allocated for each, and the time
 * that binding takes when the weights are packed. A child process of {@link CountSessionMemory}.
 */
public final class PlannedSizes {
  private PlannedSizes() {}

  /** Arguments: golden set, case, backend; sizes. */
  public static void main(String[] arguments) {
    DetectionModel network = GoldenSet.open(Path.of(arguments[0])).model(arguments[1]).network();
    BackendSettings.Request request =
        new BackendSettings.Request(BackendKind.of(arguments[2]), "argument");
    try (Backend backend =
            BackendSelection.open(request, new BackendOptions(1, null, 0)).backend();
        Queue queue = backend.newQueue()) {
      for (int i = 3; i < arguments.length; i++) {
        String[] sides = arguments[i].split("x", -1);
        print(
            arguments[i],
            network,
            ModelInput.single(Integer.parseInt(sides[1]), Integer.parseInt(sides[0])),
            backend,
            queue);
      }
      if (backend instanceof HostBackend host) {
        row("packed weights", host.weights().bytes());
      }
      row("working memory of a queue", queue.bytes());
    }
  }

  private static void print(
      String size, DetectionModel network, ModelInput input, Backend backend, Queue queue) {
    try (GraphPlan plan = Planner.plan(network.graph(input), backend, queue, Set.of());
        Buffer slab = backend.allocate(plan.slabBytes())) {
      plan.bind(queue, slab).close();
      long start = System.nanoTime();
      int times = 20;
      for (int i = 0; i < times; i++) {
        try (ExecutionPlan bound = plan.bind(queue, slab)) {
          bound.slab();
        }
      }
      double millis = (System.nanoTime() - start) / 1e6 / times;
      row("%s: slab, bound in %.1f ms".formatted(size, millis), plan.slabBytes());
      row(size + ": constants", plan.constantBytes());
    }
  }

  /** A row of the table. */
  static void row(String what, long bytes) {
    System.out.printf(Locale.ROOT, "| %s | %.1f |%n", what, bytes / 0x1p20);
  }
}
