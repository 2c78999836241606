package dev.detr4j.session;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.Queue;
import dev.detr4j.image.PixelSize;
import dev.detr4j.image.Preprocessing;
import dev.detr4j.model.graph.DetectionModel;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.ModelInput;
import dev.detr4j.op.LevelShape;
import dev.detr4j.plan.GraphPlan;
import dev.detr4j.plan.Planner;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the sessions of a detector share.
 *
 * @param network the model
 * @param preprocessing what happens to an image ahead of it
 * @param backend what runs it
 * @param plans the plans of input sizes
 * @param cachedSizes how many input sizes a session keeps bound
 * @param name what the model is called in events
 * @param selection what follows the network in each plan, or null where the processors select
 * @param packed to be called when a plan is bound, and so its weights are packed
 */
public record SharedParts(
    DetectionModel network,
    Preprocessing preprocessing,
    Backend backend,
    SharedPlans plans,
    int cachedSizes,
    String name,
    @Nullable SelectionNodes selection,
    Runnable packed) {

  /** Borrows the plan of a size, which is made if there is none. */
  public SharedPlans.Lease borrow(SharedPlans.Key key, Queue queue) {
    return plans.acquire(key, () -> plan(key, Set.of(), queue));
  }

  /**
   * Makes a plan that nobody shares; the caller closes it.
   *
   * @param stages stages that the plan keeps for the caller beside the network's outputs
   * @throws IllegalArgumentException when there is no such stage; the message lists them
   */
  public GraphPlan plan(SharedPlans.Key key, Set<String> stages, Queue queue) {
    List<LevelShape> valid = new ArrayList<>();
    for (PixelSize size : key.sizes()) {
      valid.add(new LevelShape(size.height(), size.width()));
    }
    Graph graph = network.graph(new ModelInput(key.canvas().height(), key.canvas().width(), valid));
    Set<String> taps = new LinkedHashSet<>(stages);
    taps.removeAll(graph.outputs().keySet());
    for (String tap : taps) {
      if (!graph.taps().containsKey(tap)) {
        throw new IllegalArgumentException(
            "unknown stage %s; this network has %s and %s"
                .formatted(tap, graph.taps().keySet(), graph.outputs().keySet()));
      }
    }
    Graph whole = selection == null ? graph : selection.behind(graph);
    return Planner.plan(whole, backend, queue, taps);
  }
}
