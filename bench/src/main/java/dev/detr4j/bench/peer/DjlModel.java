package dev.detr4j.bench.peer;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.translate.NoopTranslator;
import ai.djl.translate.TranslateException;
import java.io.IOException;
import java.nio.file.Path;

/**
 * DJL's PyTorch engine on a traced model, as it is at its best in a JVM: the input made once, the
 * outputs left in native memory.
 */
final class DjlModel implements Contender {
  private final NDManager manager;
  private final Model model;
  private final Predictor<NDList, NDList> predictor;
  private final NDList input;
  private final String name;
  private NDList result;

  DjlModel(Path file, int threads, FormulaPixels pixels) {
    // Ahead of the engine's first use: libraries come from the class path or not at all.
    System.setProperty("ai.djl.offline", "true");
    // DJL logs through an interface that has no logger here, and needs none.
    System.setProperty("slf4j.internal.verbosity", "ERROR");
    Engine engine = engine();
    JniUtils.setNumThreads(threads);
    name = "DJL, PyTorch " + engine.getVersion();
    manager = engine.newBaseManager(Device.cpu());
    model = engine.newModel("traced", Device.cpu());
    try {
      model.load(file.toAbsolutePath().getParent(), String.valueOf(file.getFileName()));
      predictor = model.newPredictor(new NoopTranslator(null));
      input =
          new NDList(
              manager.create(
                  pixels.channelsFirst(), new Shape(1, 3, pixels.height(), pixels.width())));
      result = predictor.predict(input);
    } catch (IOException | MalformedModelException | TranslateException e) {
      model.close();
      manager.close();
      throw new ComparisonException("DJL cannot run %s: %s".formatted(file, e.getMessage()), e);
    }
  }

  private static Engine engine() {
    try {
      return Engine.getEngine("PyTorch");
    } catch (RuntimeException | UnsatisfiedLinkError e) {
      Throwable cause = e;
      while (cause.getCause() != null) {
        cause = cause.getCause();
      }
      throw new ComparisonException(
          "DJL's PyTorch engine has no library here: %s; build with it: mvn -q -pl bench -am package -DskipTests -Pdjl"
              .formatted(cause.getMessage()),
          e);
    }
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public void run() {
    result.close();
    try {
      result = predictor.predict(input);
    } catch (TranslateException e) {
      throw new ComparisonException("DJL failed: " + e.getMessage(), e);
    }
  }

  @Override
  public RawOutputs outputs() {
    float[] boxes = result.get(1).toFloatArray();
    return new RawOutputs(boxes.length / 4, result.get(0).toFloatArray(), boxes);
  }

  @Override
  public void close() {
    result.close();
    predictor.close();
    model.close();
    manager.close();
  }
}
