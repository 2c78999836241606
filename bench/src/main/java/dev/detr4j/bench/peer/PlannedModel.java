package dev.detr4j.bench.peer;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendSelection;
import dev.detr4j.backend.BackendSettings;
import dev.detr4j.backend.Queue;
import dev.detr4j.model.graph.DetectionModel;
import dev.detr4j.model.graph.ModelInput;
import dev.detr4j.plan.ExecutionPlan;
import dev.detr4j.plan.GraphPlan;
import dev.detr4j.plan.Planner;
import dev.detr4j.tensor.Buffer;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Set;

/**
 * detr4j below its image processing: a run copies the pixels to the backend, runs the plan and
 * copies logits and boxes back.
 *
 * <p>Both copies are part of the time. The peer needs neither on the CPU; they are small against
 * the model, and on a device they are real work.
 */
final class PlannedModel implements Contender {
  private final Arena arena = Arena.ofConfined();
  private final Backend backend;
  private final Queue queue;
  private final GraphPlan planned;
  private final Buffer slab;
  private final ExecutionPlan plan;
  private final TensorView input;
  private final MemorySegment pixels;
  private final Output logits;
  private final Output boxes;
  private final int queries;

  PlannedModel(ModelFolder folder, OwnBackend own, int threads, FormulaPixels source) {
    BackendSettings settings = BackendSettings.ofProcess();
    backend =
        BackendSelection.open(
                settings.backend(own.kind()),
                settings.options(threads, null, null, own.precision()))
            .backend();
    try {
      queue = backend.newQueue();
      // Packed weights are copies, so the checkpoint may be closed once the plan is bound.
      Made made = folder.read(model -> made(model, source));
      planned = made.planned();
      slab = made.slab();
      plan = made.plan();
      queries = made.queries();
    } catch (RuntimeException e) {
      backend.close();
      arena.close();
      throw e;
    }
    input = plan.input(DetectionModel.PIXEL_VALUES);
    pixels = arena.allocate(input.spanBytes(), 64);
    MemorySegment.copy(
        source.channelsLast(), 0, pixels, ValueLayout.JAVA_FLOAT, 0, source.channelsFirst().length);
    logits = new Output(plan.output(DetectionModel.LOGITS), arena);
    boxes = new Output(plan.output(DetectionModel.PRED_BOXES), arena);
  }

  private record Made(GraphPlan planned, Buffer slab, ExecutionPlan plan, int queries) {}

  private Made made(DetectionModel model, FormulaPixels source) {
    GraphPlan whole =
        Planner.plan(
            model.graph(ModelInput.single(source.height(), source.width())),
            backend,
            queue,
            Set.of());
    Buffer memory = backend.allocate(whole.slabBytes());
    return new Made(whole, memory, whole.bind(queue, memory), model.numQueries());
  }

  @Override
  public String name() {
    return "detr4j %s (%s)".formatted(backend.kind().id(), backend.instructionSet());
  }

  @Override
  public void run() {
    queue.upload(pixels, 0, input.buffer(), input.offset(), input.spanBytes());
    plan.submit();
    logits.download(queue);
    boxes.download(queue);
    queue.synchronise();
  }

  @Override
  public RawOutputs outputs() {
    return new RawOutputs(queries, logits.values(), boxes.values());
  }

  @Override
  public void close() {
    plan.close();
    slab.close();
    planned.close();
    queue.close();
    backend.close();
    arena.close();
  }

  /** An output of the plan and where it goes on the host. */
  private record Output(TensorView view, MemorySegment host) {
    Output(TensorView view, Arena arena) {
      this(view, arena.allocate(view.spanBytes(), 64));
    }

    void download(Queue queue) {
      queue.download(view.buffer(), view.offset(), host, 0, view.spanBytes());
    }

    /** Rows without the stride between them. */
    float[] values() {
      int rows = Math.toIntExact(view.batch() * view.rows());
      int columns = view.columns();
      float[] values = new float[rows * columns];
      for (int row = 0; row < rows; row++) {
        MemorySegment.copy(
            host,
            ValueLayout.JAVA_FLOAT,
            Float.BYTES * (long) row * view.rowStride(),
            values,
            row * columns,
            columns);
      }
      return values;
    }
  }
}
