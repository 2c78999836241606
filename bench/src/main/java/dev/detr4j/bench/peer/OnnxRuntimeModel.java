package dev.detr4j.bench.peer;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Arrays;
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
      checkInput(file, pixels);
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
      throw new ComparisonException(
          "ONNX Runtime cannot run %s: %s".formatted(file, e.getMessage()), e);
    }
  }

  /** Exports have one size; of another one ONNX Runtime says only that a dimension is wrong. */
  private void checkInput(Path file, FormulaPixels pixels) throws OrtException {
    long[] expected = {1, 3, pixels.height(), pixels.width()};
    NodeInfo info = session.getInputInfo().get("pixel_values");
    if (info == null
        || !(info.getInfo() instanceof TensorInfo tensor)
        || !Arrays.equals(tensor.getShape(), expected)) {
      throw new ComparisonException(
          "%s: its inputs are %s, expected pixel_values of shape %s; export it again with --height %d --width %d"
              .formatted(
                  file,
                  session.getInputInfo().values(),
                  Arrays.toString(expected),
                  pixels.height(),
                  pixels.width()));
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
