package dev.detr4j.bench.serve;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.detr4j.serve.exchange.Body;
import dev.detr4j.serve.exchange.MemoryBudget;
import dev.detr4j.serve.exchange.ServeAnswer;
import dev.detr4j.serve.exchange.ServeRequest;
import dev.detr4j.serve.http.HelidonServer;
import dev.detr4j.serve.http.HttpSettings;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.awt.image.DataBufferInt;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.StringJoiner;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.imageio.ImageIO;

/**
 * The default model in ONNX Runtime behind the same HTTP server, as a user would write it: ImageIO
 * decodes, AWT resizes, platform threads compute, as many at once as there are sessions.
 */
final class ServedOnnx implements ServerChild.Served {
  private static final int SIZE = 384;
  private static final float[] MEAN = {0.485f, 0.456f, 0.406f};
  private static final float[] DEVIATION = {0.229f, 0.224f, 0.225f};
  private static final float THRESHOLD = 0.5f;

  private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
  private final OrtSession session;
  private final ExecutorService threads;
  private final MemoryBudget memory = new MemoryBudget(1L << 30);
  private final HelidonServer server;

  ServedOnnx(Path model, int sessions, int intraOpThreads) throws IOException, OrtException {
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(intraOpThreads);
      options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
      session = environment.createSession(model.toString(), options);
    }
    threads = Executors.newFixedThreadPool(sessions);
    server =
        HelidonServer.start(
            new HttpSettings(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                16 << 10,
                10_000,
                Duration.ofSeconds(60),
                Duration.ofSeconds(10),
                Duration.ofSeconds(10)),
            this::answer);
  }

  private ServeAnswer answer(ServeRequest request) {
    try (Body body = Body.read(request, 32 << 20, Duration.ofSeconds(30), memory)) {
      byte[] image = Arrays.copyOf(body.bytes(), body.length());
      String json = threads.submit(() -> run(image)).get();
      return ServeAnswer.json(200, json.getBytes(StandardCharsets.UTF_8));
    } catch (IOException | ExecutionException | InterruptedException e) {
      return ServeAnswer.text(500, String.valueOf(e.getMessage()));
    }
  }

  @Override
  public int port() {
    return server.port();
  }

  @Override
  public int detect(byte[] image) throws Exception {
    return threads.submit(() -> run(image)).get().length();
  }

  private String run(byte[] encoded) throws IOException, OrtException {
    BufferedImage image = ImageIO.read(new ByteArrayInputStream(encoded));
    try (OnnxTensor input =
            OnnxTensor.createTensor(
                environment, FloatBuffer.wrap(pixels(image)), new long[] {1, 3, SIZE, SIZE});
        OrtSession.Result result = session.run(Map.of("pixel_values", input))) {
      float[][][] logits = (float[][][]) result.get("logits").orElseThrow().getValue();
      float[][][] boxes = (float[][][]) result.get("pred_boxes").orElseThrow().getValue();
      return json(logits[0], boxes[0], image.getWidth(), image.getHeight());
    }
  }

  private static float[] pixels(BufferedImage image) {
    BufferedImage scaled = new BufferedImage(SIZE, SIZE, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = scaled.createGraphics();
    graphics.setRenderingHint(
        RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR);
    graphics.drawImage(image, 0, 0, SIZE, SIZE, null);
    graphics.dispose();
    int[] rgb = ((DataBufferInt) scaled.getRaster().getDataBuffer()).getData();
    float[] values = new float[3 * rgb.length];
    for (int c = 0; c < 3; c++) {
      for (int i = 0; i < rgb.length; i++) {
        float value = (rgb[i] >> (16 - 8 * c) & 0xff) / 255f;
        values[c * rgb.length + i] = (value - MEAN[c]) / DEVIATION[c];
      }
    }
    return values;
  }

  private static String json(float[][] logits, float[][] boxes, int width, int height) {
    StringJoiner found = new StringJoiner(",", "[", "]");
    for (int query = 0; query < logits.length; query++) {
      for (int label = 0; label < logits[query].length; label++) {
        double score = 1 / (1 + Math.exp(-logits[query][label]));
        if (score > THRESHOLD) {
          float[] box = boxes[query];
          found.add(
              String.format(
                  Locale.ROOT,
                  "{\"label_id\":%d,\"score\":%.6f,\"box\":{\"x_min\":%.3f,\"y_min\":%.3f,\"x_max\":%.3f,\"y_max\":%.3f}}",
                  label,
                  score,
                  (box[0] - box[2] / 2) * width,
                  (box[1] - box[3] / 2) * height,
                  (box[0] + box[2] / 2) * width,
                  (box[1] + box[3] / 2) * height));
        }
      }
    }
    return found.toString();
  }

  @Override
  public void close() throws IOException {
    server.close();
    threads.close();
    try {
      session.close();
    } catch (OrtException e) {
      throw new IOException(e);
    }
  }
}
