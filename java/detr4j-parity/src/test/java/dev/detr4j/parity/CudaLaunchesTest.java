package dev.detr4j.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.Precision;
import dev.detr4j.backend.Queue;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.ModelInput;
import dev.detr4j.op.SelectBestClasses;
import dev.detr4j.op.SelectRanked;
import dev.detr4j.op.SelectionOp;
import dev.detr4j.plan.ExecutionPlan;
import dev.detr4j.plan.GraphPlan;
import dev.detr4j.plan.Planner;
import dev.detr4j.profile.OperandBytes;
import dev.detr4j.session.SelectionNodes;
import dev.detr4j.tensor.Buffer;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * How many kernels backend cuda starts for a network and the selection of its detections, and how
 * many bytes they move, for an image of 800 x 1066 (RT-DETR 640 x 640): the numbers that
 * native/cuda/README.md shows. They must not change unseen, and whoever changes them changes the
 * table there as well.
 */
class CudaLaunchesTest {
  @BeforeAll
  static void ask() {
    EmulatedCuda.ask();
  }

  @AfterAll
  static void forget() {
    EmulatedCuda.forget();
  }

  private static SelectionOp selection(String model) {
    return model.equals("hf_detr_r50")
        ? new SelectBestClasses(false)
        : new SelectRanked(model.contains("rtdetr") ? 300 : 100, 0, SelectRanked.Edges.KEPT);
  }

  /** Kernels, and MB (of a million bytes). */
  @ParameterizedTest
  @CsvSource({
    "hf_detr_r50, FP32, 132, 2360",
    "hf_detr_r50, BF16, 132, 1747",
    "hf_deformable_two_stage, FP32, 167, 5631",
    "hf_deformable_two_stage, BF16, 178, 4625",
    "hf_rtdetr_v2_r50vd, FP32, 192, 1649",
    "hf_rtdetr_v2_r50vd, BF16, 192, 1342",
  })
  void kernelsAndBytes(String model, Precision precision, int kernels, int megabytes) {
    EmulatedCuda.requireAvailable();
    GoldenCase golden = GoldenSet.open(Path.of("../../weights/golden")).model("models/" + model);
    int[] extents = model.contains("rtdetr") ? new int[] {640, 640} : new int[] {800, 1066};
    Graph network = golden.network().graph(ModelInput.single(extents[0], extents[1]));
    Graph graph = new SelectionNodes(selection(model), null).behind(network);
    try (Backend backend = ParityTarget.of(BackendKind.CUDA, precision, null, 1).open();
        Queue queue = backend.newQueue();
        GraphPlan plan = Planner.plan(graph, backend, queue, Set.of());
        Buffer slab = backend.allocate(plan.slabBytes())) {
      try (ExecutionPlan bound = plan.bind(queue, slab)) {
        long bytes = 0;
        for (BoundNode node : bound.nodes()) {
          bytes += OperandBytes.of(node, backend.operandTypes(node.op()).products());
        }
        assertEquals(
            kernels + " kernels, " + megabytes + " MB",
            bound.launches() + " kernels, " + Math.round(bytes / 1e6) + " MB",
            model + " in " + precision.id());
      }
    }
  }
}
