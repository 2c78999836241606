package dev.detr4j.bench.needs;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.imageio.ImageIO;

/** The needs with ONNX Runtime's Java API. */
final class WithOnnxRuntime {
  private static final int WIDTH = 1066;
  private static final int HEIGHT = 800;
  private static final float[] MEAN = {0.485f, 0.456f, 0.406f};
  private static final float[] DEVIATION = {0.229f, 0.224f, 0.225f};

  record Found(int label, float score, float xMin, float yMin, float xMax, float yMax) {}

  private WithOnnxRuntime() {}

  static void onePhoto(Path model, Path photo) throws IOException, OrtException {
    try (OrtEnvironment environment = OrtEnvironment.getEnvironment();
        OrtSession session = environment.createSession(model.toString())) {
      detect(session, ImageIO.read(photo.toFile())).forEach(System.out::println);
    }
  }

  static String service(
      OrtSession session, Semaphore slots, ExecutorService platformThreads, byte[] request)
      throws InterruptedException, ExecutionException {
    slots.acquire();
    try {
      return platformThreads
          .submit(() -> json(detect(session, ImageIO.read(new ByteArrayInputStream(request)))))
          .get();
    } finally {
      slots.release();
    }
  }

  static List<Future<List<Found>>> batch(
      OrtSession session, ExecutorService callers, List<Path> photos) {
    return photos.stream()
        .map(photo -> callers.submit(() -> detect(session, ImageIO.read(photo.toFile()))))
        .toList();
  }

  static List<Found> cameraFrame(OrtSession session, byte[] bgr, int width, int height)
      throws OrtException {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_3BYTE_BGR);
    image.getRaster().setDataElements(0, 0, width, height, bgr);
    return detect(session, image);
  }

  /** Ends the run between its nodes. */
  static List<Found> deadline(OrtSession session, ExecutorService callers, Path photo)
      throws InterruptedException, ExecutionException, OrtException {
    try (OrtSession.RunOptions options = new OrtSession.RunOptions()) {
      Future<List<Found>> call =
          callers.submit(() -> detect(session, ImageIO.read(photo.toFile()), options));
      try {
        return call.get(2, TimeUnit.SECONDS);
      } catch (TimeoutException e) {
        options.setTerminate(true);
        throw new CancellationException("not within 2 s");
      }
    }
  }

  private static List<Found> detect(OrtSession session, BufferedImage image) throws OrtException {
    try (OrtSession.RunOptions options = new OrtSession.RunOptions()) {
      return detect(session, image, options);
    }
  }

  private static List<Found> detect(
      OrtSession session, BufferedImage image, OrtSession.RunOptions options) throws OrtException {
    FloatBuffer pixels = FloatBuffer.wrap(pixelValues(image));
    try (OnnxTensor input =
            OnnxTensor.createTensor(
                OrtEnvironment.getEnvironment(), pixels, new long[] {1, 3, HEIGHT, WIDTH});
        OrtSession.Result result = session.run(Map.of("pixel_values", input), options)) {
      float[][][] logits = (float[][][]) result.get("logits").orElseThrow().getValue();
      float[][][] boxes = (float[][][]) result.get("pred_boxes").orElseThrow().getValue();
      return select(logits[0], boxes[0], image.getWidth(), image.getHeight());
    }
  }

  /** The resampling is AWT's, not Pillow's: boxes differ slightly from the original's. */
  private static float[] pixelValues(BufferedImage image) {
    BufferedImage scaled = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = scaled.createGraphics();
    graphics.setRenderingHint(
        RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR);
    graphics.drawImage(image, 0, 0, WIDTH, HEIGHT, null);
    graphics.dispose();
    float[] values = new float[3 * HEIGHT * WIDTH];
    for (int y = 0; y < HEIGHT; y++) {
      for (int x = 0; x < WIDTH; x++) {
        int pixel = scaled.getRGB(x, y);
        for (int c = 0; c < 3; c++) {
          float value = (pixel >> (16 - 8 * c) & 0xff) / 255f;
          values[(c * HEIGHT + y) * WIDTH + x] = (value - MEAN[c]) / DEVIATION[c];
        }
      }
    }
    return values;
  }

  private static List<Found> select(float[][] logits, float[][] boxes, int width, int height) {
    List<Found> found = new ArrayList<>();
    for (int query = 0; query < logits.length; query++) {
      double sum = 0;
      int best = 0;
      for (int label = 0; label < logits[query].length; label++) {
        sum += Math.exp(logits[query][label]);
        boolean object = label < logits[query].length - 1; // the last class is "no object"
        best = object && logits[query][label] > logits[query][best] ? label : best;
      }
      float score = (float) (Math.exp(logits[query][best]) / sum);
      if (score > 0.5f) {
        float[] box = boxes[query];
        float xMin = (box[0] - box[2] / 2) * width;
        float yMin = (box[1] - box[3] / 2) * height;
        found.add(
            new Found(best, score, xMin, yMin, xMin + box[2] * width, yMin + box[3] * height));
      }
    }
    return found;
  }

  private static String json(List<Found> found) {
    List<String> objects =
        found.stream()
            .map(each ->
                "{\"label\":%d,\"score\":%s,\"box\":{\"x_min\":%s,\"y_min\":%s,\"x_max\":%s,\"y_max\":%s}}"
                    .formatted(
                        each.label(),
                        each.score(),
                        each.xMin(),
                        each.yMin(),
                        each.xMax(),
                        each.yMax()))
            .toList();
    return "[" + String.join(",", objects) + "]";
  }
}
