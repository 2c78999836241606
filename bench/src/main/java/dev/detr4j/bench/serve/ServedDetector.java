package dev.detr4j.bench.serve;

import dev.detr4j.Detector;
import dev.detr4j.serve.DetectionServer;
import dev.detr4j.serve.RequestLog;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;

/** detr4j behind its server. */
final class ServedDetector implements ServerChild.Served {
  private final Detector detector;
  private final DetectionServer server;

  ServedDetector(Path model, int sessions, int queue, Duration timeout, RequestLog log)
      throws IOException {
    detector = Detector.builder(model).sessions(sessions).build();
    server =
        DetectionServer.builder()
            .model("codes", detector)
            .port(0)
            .queue(queue)
            .timeout(timeout)
            .log(log)
            .start();
    server.endpoint().warmUp(800, 600);
  }

  @Override
  public int port() {
    return server.port();
  }

  @Override
  public int detect(byte[] image) {
    return detector.detect(image).size();
  }

  @Override
  public void close() {
    server.close();
    detector.close();
  }
}
