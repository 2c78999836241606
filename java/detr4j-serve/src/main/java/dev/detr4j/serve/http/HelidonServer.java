package dev.detr4j.serve.http;

import dev.detr4j.serve.exchange.ServeAnswer;
import dev.detr4j.serve.exchange.ServeRequest;
import io.helidon.http.DirectHandler;
import io.helidon.http.Header;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.Method;
import io.helidon.http.ServerResponseHeaders;
import io.helidon.http.Status;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.DirectHandlers;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import io.helidon.webserver.http1.Http1Config;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.function.Function;

/**
 * Helidon's server, which runs each request in a virtual thread of its own, with bounds on what
 * clients may send and hold. HTTP/1.1 only.
 */
public final class HelidonServer implements AutoCloseable {
  /** Of a body that nobody read, so much is taken in, so that the client sees the answer. */
  private static final int MOST_DRAINED = 1 << 20;

  private static final int DRAIN_MILLISECONDS = 200;

  private final WebServer server;
  private final Connections connections;
  private final int port;

  private HelidonServer(WebServer server, Connections connections) {
    this.server = server;
    this.connections = connections;
    this.port = server.port();
  }

  /**
   * Starts to listen.
   *
   * @throws IOException when the address cannot be bound
   */
  public static HelidonServer start(
      HttpSettings settings, Function<ServeRequest, ServeAnswer> handler) throws IOException {
    checkFree(settings.address());
    Connections connections = new Connections(settings.idleTime(), settings.readTime());
    try {
      WebServer server =
          WebServer.builder()
              .bindAddress(settings.address())
              .maxTcpConnections(settings.maxConnections())
              .useNio(false) // sockets have a time limit for reads, channels have none
              .connectionOptions(connections)
              .idleConnectionTimeout(settings.idleTime().multipliedBy(2)) // ours comes first
              .shutdownGracePeriod(settings.stopTime())
              .shutdownHook(false)
              .protocolsDiscoverServices(false)
              .addProtocol(
                  Http1Config.builder()
                      .maxHeadersSize(settings.maxHeaderBytes())
                      .maxPrologueLength(settings.maxHeaderBytes())
                      .addReceiveListener(connections)
                      .build())
              .directHandlers(directHandlers())
              .routing(routing ->
                  routing.any(
                      (request, response) -> answer(request, response, connections, handler)))
              .build()
              .start();
      if (!server.isRunning()) {
        throw new IOException("cannot listen on " + settings.address());
      }
      return new HelidonServer(server, connections);
    } catch (IOException | RuntimeException e) {
      connections.close();
      throw e;
    }
  }

  /** Helidon only logs that it could not bind: here it is an exception. */
  private static void checkFree(InetSocketAddress address) throws IOException {
    try (ServerSocketChannel probe = ServerSocketChannel.open()) {
      probe.bind(address);
    }
  }

  /** The port that is listened on, or was until the stop. */
  public int port() {
    return port;
  }

  /** Stops to listen, waits for running requests as long as the settings say, and ends. */
  @Override
  public void close() {
    server.stop();
    connections.close();
  }

  private static void answer(
      ServerRequest request,
      ServerResponse response,
      Connections connections,
      Function<ServeRequest, ServeAnswer> handler) {
    ServeAnswer answer = handler.apply(new HelidonRequest(request, connections));
    if (answer.status() == 499) {
      throw new CloseConnectionException("the client is gone");
    }
    // Helidon reads a small body that nobody has read, and the connection is kept. What comes in
    // chunks, or was announced with Expect, is not read: one has no bound, the other would be asked
    // for.
    boolean sized =
        request.headers().contentLength().isPresent()
            && !request.headers().contains(HeaderNames.EXPECT);
    boolean unread =
        !request.content().consumed()
            && !(sized && request.headers().contentLength().getAsLong() <= MOST_DRAINED);
    boolean close =
        unread
            || "close".equals(answer.headers().get("Connection"))
            // Helidon says so in its answer and leaves the rest to the client.
            || request.headers().containsToken(HeaderValues.CONNECTION_CLOSE);
    response.status(Status.create(answer.status()));
    answer.headers().forEach((name, value) -> response.header(HeaderNames.create(name), value));
    response.header(HeaderNames.CONTENT_TYPE, answer.contentType());
    if (close) {
      response.header(HeaderValues.CONNECTION_CLOSE);
    }
    connections.sending();
    if (request.prologue().method().equals(Method.HEAD)) {
      response.header(HeaderNames.CONTENT_LENGTH, Integer.toString(answer.body().length));
      response.send();
    } else {
      response.send(answer.body());
    }
    if (unread && sized) {
      drain(request, connections);
    }
    if (close) {
      throw new CloseConnectionException("answered");
    }
    connections.answered();
  }

  /** Takes in a little of what the client still sends: closing at once would drop the answer. */
  private static void drain(ServerRequest request, Connections connections) {
    connections.readTime(DRAIN_MILLISECONDS);
    byte[] sink = new byte[1 << 14];
    try (InputStream rest = request.content().inputStream()) {
      long until = System.nanoTime() + 5_000_000L * DRAIN_MILLISECONDS;
      for (int total = 0; total < MOST_DRAINED && System.nanoTime() < until; ) {
        int read = rest.read(sink);
        if (read < 0) {
          return;
        }
        total += read;
      }
    } catch (IOException | RuntimeException e) {
      // The answer has been sent; what the client does with it is its own affair.
    }
  }

  /** Errors outside of routing: what is no HTTP, heads that are too long, and so on. */
  private static DirectHandlers directHandlers() {
    DirectHandlers.Builder handlers = DirectHandlers.builder();
    for (DirectHandler.EventType each : DirectHandler.EventType.values()) {
      handlers.addHandler(each, HelidonServer::direct);
    }
    return handlers.build();
  }

  private static DirectHandler.TransportResponse direct(
      DirectHandler.TransportRequest request,
      DirectHandler.EventType event,
      Status status,
      ServerResponseHeaders headers,
      String message) {
    DirectHandler.TransportResponse.Builder response =
        DirectHandler.TransportResponse.builder()
            .status(status)
            .header(HeaderNames.CONTENT_TYPE, "application/json")
            .entity(
                "{\"error\":\"%s\"}"
                    .formatted(
                        status.code() == 500 ? "an error of the server" : "not a valid request")
                    .getBytes(StandardCharsets.UTF_8));
    for (Header each : headers) {
      response.header(each);
    }
    return response.build();
  }
}
