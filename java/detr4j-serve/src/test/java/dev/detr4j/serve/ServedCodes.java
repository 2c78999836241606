package dev.detr4j.serve;

import dev.detr4j.Detector;
import dev.detr4j.model.codes.CodesModel;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.function.UnaryOperator;

/** A server of the default model on a free port, and a client that is not ours. */
final class ServedCodes implements AutoCloseable {
  /** The photo of the README, with four codes. */
  static final Path PHOTO = Path.of("../../docs/pictures/codes.jpg");

  final Detector detector;
  final DetectionServer server;
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  ServedCodes(UnaryOperator<DetectionServerBuilder> settings) throws IOException {
    this(settings, 1);
  }

  ServedCodes(UnaryOperator<DetectionServerBuilder> settings, int sessions) throws IOException {
    detector = Detector.builder(CodesModel.folder()).sessions(sessions).build();
    server = settings.apply(DetectionServer.builder().model("codes", detector).port(0)).start();
  }

  static byte[] photo() throws IOException {
    return Files.readAllBytes(PHOTO);
  }

  static String photoBase64() throws IOException {
    return Base64.getEncoder().encodeToString(photo());
  }

  URI uri(String path) {
    return server.uri().resolve(path);
  }

  HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return client.send(HttpRequest.newBuilder(uri(path)).build(), BodyHandlers.ofString());
  }

  HttpResponse<String> post(String path, String contentType, byte[] body, String... headers)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri(path))
            .timeout(Duration.ofSeconds(60))
            .header("Content-Type", contentType)
            .POST(BodyPublishers.ofByteArray(body));
    if (headers.length > 0) {
      request.headers(headers);
    }
    return client.send(request.build(), BodyHandlers.ofString());
  }

  HttpResponse<String> postJson(String path, String json, String... headers)
      throws IOException, InterruptedException {
    return post(path, "application/json", json.getBytes(StandardCharsets.UTF_8), headers);
  }

  @Override
  public void close() {
    server.close();
    detector.close();
  }
}
