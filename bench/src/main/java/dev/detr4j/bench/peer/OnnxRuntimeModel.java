package dev.detr4j.bench.peer;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;

/**
 * ONNX Runtime's CPU provider as it is at its best in a JVM: all graph optimisations, its own
 * worker threads, the input tensor made once over direct memory, the outputs left in native memory.
 */
final class OnnxRuntimeModel implements Contender {
  private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
  private final OrtSession.SessionOptions options;
  private final OrtSession session;
  private final OnnxTensor input;
  private OrtSession.Result result;

  OnnxRuntimeModel(Path file, int threads, FormulaPixels pixels) {
    try {
      options = new OrtSession.SessionOptions();
      options.setIntraOpNumThreads(threads);
      options.setInterOpNumThreads(1);
      options.setExecutionMode(OrtSession.SessionOptions.ExecutionMode.SEQUENTIAL);
      options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
      session = environment.createSession(file.toString(), options);
      FloatBuffer buffer =
          ByteBuffer.allocateDirect(Float.BYTES * pixels.channelsFirst().length)
              .order(ByteOrder.nativeOrder())
              .asFloatBuffer()
              .put(pixels.channelsFirst())
              .flip();
      input =
          OnnxTensor.createTensor(
              environment, buffer, new long[] {1, 3, pixels.height(), pixels.width()});
      result = session.run(Map.of("pixel_values", input), Set.of("logits", "pred_boxes"));
    } catch (OrtException e) {
      throw new IllegalArgumentException(
          "ONNX Runtime cannot run %s: %s".formatted(file, e.getMessage()), e);
    }
  }

  @Override
  public String name() {
    return "ONNX Runtime " + environment.getVersion();
  }

  @Override
  public void run() {
    result.close();
    try {
      result = session.run(Map.of("pixel_values", input), Set.of("logits", "pred_boxes"));
    } catch (OrtException e) {
      throw new IllegalStateException("ONNX Runtime failed: " + e.getMessage(), e);
    }
  }

  @Override
  public RawOutputs outputs() {
    FloatBuffer logits = floats("logits");
    FloatBuffer boxes = floats("pred_boxes");
    float[] logitValues = new float[logits.remaining()];
    float[] boxValues = new float[boxes.remaining()];
    logits.get(logitValues);
    boxes.get(boxValues);
    return new RawOutputs(boxValues.length / 4, logitValues, boxValues);
  }

  private FloatBuffer floats(String output) {
    return ((OnnxTensor) result.get(output).orElseThrow()).getFloatBuffer();
  }

  @Override
  public void close() {
    try {
      result.close();
      input.close();
      session.close();
      options.close();
    } catch (OrtException e) {
      throw new IllegalStateException("ONNX Runtime did not close: " + e.getMessage(), e);
    }
  }
}
