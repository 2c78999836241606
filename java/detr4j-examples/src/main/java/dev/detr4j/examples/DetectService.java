package dev.detr4j.examples;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.detr4j.Detection;
import dev.detr4j.Detector;
import dev.detr4j.error.DetectorBusyException;
import dev.detr4j.error.Detr4jException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.Executors;

/**
 * Answers photos with detections in JSON, one virtual thread a request: {@code DetectService
 * MODEL_FOLDER [PORT]}, then {@code curl --data-binary @photo.jpg localhost:8080/detect}.
 */
public final class DetectService {
  private DetectService() {}

  /** Serves until the process ends. An error is one line and exit code 1. */
  public static void main(String[] arguments) {
    String port = arguments.length == 2 ? arguments[1] : "8080";
    if (arguments.length < 1 || arguments.length > 2 || !port.matches("\\d{1,5}")) {
      System.err.println("usage: DetectService MODEL_FOLDER [PORT]");
      System.exit(2);
    }
    try {
      Detector detector = Detector.builder(Path.of(arguments[0])).waitingCallers(200).build();
      System.out.println(
          "listening on port " + start(detector, Integer.parseInt(port)).getAddress().getPort());
    } catch (Detr4jException | IOException | IllegalArgumentException e) {
      System.err.println(e.getMessage()); // a port in use, or beyond 65535, too
      System.exit(1);
    }
  }

  // docs/embedding.md shows the body of this method; ReadmeTest compares them.
  static HttpServer start(Detector detector, int port) throws IOException {
    InetAddress here = InetAddress.getLoopbackAddress();
    HttpServer server = HttpServer.create(new InetSocketAddress(here, port), 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext(
        "/detect",
        exchange -> {
          try (InputStream photo = exchange.getRequestBody()) {
            send(exchange, 200, Detection.toJson(detector.detect(photo)));
          } catch (Detr4jException e) {
            send(exchange, e instanceof DetectorBusyException ? 503 : 400, e.getMessage());
          }
        });
    server.start();
    return server;
  }

  private static void send(HttpExchange exchange, int status, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    try (exchange) {
      exchange.sendResponseHeaders(status, bytes.length);
      exchange.getResponseBody().write(bytes);
    }
  }
}
