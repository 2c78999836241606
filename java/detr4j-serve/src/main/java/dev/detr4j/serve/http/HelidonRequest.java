package dev.detr4j.serve.http;

import dev.detr4j.serve.exchange.Refusal;
import dev.detr4j.serve.exchange.ServeRequest;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.ServerRequest;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/** A request of Helidon's server. */
final class HelidonRequest implements ServeRequest {
  private final ServerRequest request;
  private final Connections connections;

  HelidonRequest(ServerRequest request, Connections connections) {
    this.request = request;
    this.connections = connections;
  }

  @Override
  public String method() {
    return request.prologue().method().text();
  }

  @Override
  public String path() {
    return request.path().rawPath();
  }

  @Override
  public String query() {
    return request.query().rawValue();
  }

  @Override
  public @Nullable String header(String name) {
    return request.headers().first(HeaderNames.create(name)).orElse(null);
  }

  @Override
  public InputStream body() {
    return new Failures(request.content().inputStream());
  }

  @Override
  public boolean clientLeft() {
    return connections.clientLeft();
  }

  /** Says what Helidon's exceptions mean: a client that is slow, gone, or sends too much. */
  private static final class Failures extends FilterInputStream {
    Failures(InputStream body) {
      super(body);
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      try {
        return super.read(bytes, offset, length);
      } catch (RuntimeException e) {
        if (ClientWatch.timedOut(e)) {
          throw Refusal.slow("the body stopped coming");
        }
        if (e instanceof io.helidon.http.RequestException refused) {
          throw Refusal.of(refused.status().code(), "the body is too large or not framed as HTTP");
        }
        throw new IOException("the client is gone", e);
      }
    }
  }
}
