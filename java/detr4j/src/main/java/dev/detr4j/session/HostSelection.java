package dev.detr4j.session;

import dev.detr4j.model.graph.DetectionModel;
import dev.detr4j.plan.ExecutionPlan;
import dev.detr4j.postprocess.DetectionSink;
import dev.detr4j.postprocess.FiniteValues;
import dev.detr4j.postprocess.Postprocessing;

/** The processors select from the network's logits and boxes. */
final class HostSelection implements SelectionResult {
  private final Postprocessing postprocessing;
  private final NetworkOutputs outputs;
  private final FiniteValues values = new FiniteValues();

  /** Both are closed with this. */
  HostSelection(Postprocessing postprocessing, NetworkOutputs outputs) {
    this.postprocessing = postprocessing;
    this.outputs = outputs;
  }

  @Override
  public void download(ExecutionPlan plan) {
    outputs.download(plan);
  }

  @Override
  public int select(int image, int width, int height, float threshold, DetectionSink sink) {
    return postprocessing.select(
        outputs.logits(), outputs.boxes(), image, width, height, threshold, sink);
  }

  @Override
  public boolean isFinite(ExecutionPlan plan) {
    return values.all(outputs.logits(), floats(plan, DetectionModel.LOGITS))
        && values.all(outputs.boxes(), floats(plan, DetectionModel.PRED_BOXES));
  }

  private static long floats(ExecutionPlan plan, String output) {
    return plan.output(output).spanBytes() / Float.BYTES;
  }

  @Override
  public void close() {
    postprocessing.close();
    outputs.close();
  }
}
