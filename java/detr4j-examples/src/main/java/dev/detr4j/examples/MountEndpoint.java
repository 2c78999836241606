package dev.detr4j.examples;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.detr4j.Detector;
import dev.detr4j.serve.DetectionEndpoint;
import dev.detr4j.serve.exchange.ServeAnswer;
import dev.detr4j.serve.exchange.ServeRequest;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Objects;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/** Mounts all routes of detr4j-serve in an application's own server, here that of the JDK. */
final class MountEndpoint {
  private MountEndpoint() {}

  // docs/serving.md shows the body of this method; ReadmeTest compares them.
  static HttpServer start(Detector detector, int port) throws IOException {
    InetAddress here = InetAddress.getLoopbackAddress();
    DetectionEndpoint endpoint = DetectionEndpoint.builder().model("codes", detector).build();
    HttpServer server = HttpServer.create(new InetSocketAddress(here, port), 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext(
        "/",
        exchange -> {
          ServeAnswer answer = endpoint.answer(new ExchangeRequest(exchange));
          answer.headers().forEach(exchange.getResponseHeaders()::set);
          exchange.getResponseHeaders().set("Content-Type", answer.contentType());
          exchange.sendResponseHeaders(answer.status(), answer.body().length);
          try (OutputStream body = exchange.getResponseBody()) {
            body.write(answer.body());
          }
        });
    endpoint.warmUp(640, 480);
    server.start();
    return server;
  }

  /** A request of the JDK's server. */
  private record ExchangeRequest(HttpExchange exchange) implements ServeRequest {
    @Override
    public String method() {
      return exchange.getRequestMethod();
    }

    @Override
    public String path() {
      return exchange.getRequestURI().getRawPath();
    }

    @Override
    public String query() {
      return Objects.requireNonNullElse(exchange.getRequestURI().getRawQuery(), "");
    }

    @Override
    public @Nullable String header(String name) {
      return exchange.getRequestHeaders().getFirst(name);
    }

    @Override
    public InputStream body() {
      return exchange.getRequestBody();
    }
  }
}
