package dev.detr4j.serve;

import dev.detr4j.serve.http.HelidonServer;
import dev.detr4j.serve.http.HttpSettings;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;

/**
 * A server of detection on a port of its own; see the package for an example, and {@link
 * DetectionServerBuilder} for its settings and bounds.
 *
 * <p>Thread-safe. The server does not close its detectors.
 */
public final class DetectionServer implements AutoCloseable {
  private final DetectionEndpoint endpoint;
  private final HelidonServer http;
  private final HttpSettings settings;
  private final Duration stopDelay;
  private final CountDownLatch stopped = new CountDownLatch(1);
  private boolean stopping;

  DetectionServer(DetectionEndpoint endpoint, HttpSettings settings, Duration stopDelay)
      throws IOException {
    this.endpoint = endpoint;
    this.settings = settings;
    this.stopDelay = stopDelay;
    this.http = HelidonServer.start(settings, endpoint::answer);
  }

  /** Starts the description of a server. */
  public static DetectionServerBuilder builder() {
    return new DetectionServerBuilder();
  }

  /** The port that is listened on. */
  public int port() {
    return http.port();
  }

  /** Where the page is, as in {@code http://127.0.0.1:8080/}. */
  public URI uri() {
    String host = settings.address().getAddress().getHostAddress();
    return URI.create(
        "http://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + port() + "/");
  }

  /** What answers the requests. */
  public DetectionEndpoint endpoint() {
    return endpoint;
  }

  /** Waits until the server has stopped. */
  public void await() throws InterruptedException {
    stopped.await();
  }

  /**
   * Stops: is not ready any more, still answers for the stop delay, then closes the port and waits
   * for the requests at hand, at most for the stop time. Stopping again waits for the first stop.
   */
  @Override
  public void close() {
    boolean mine;
    synchronized (this) {
      mine = !stopping;
      stopping = true;
    }
    try {
      if (!mine) {
        stopped.await();
        return;
      }
      endpoint.announceStop();
      Thread.sleep(stopDelay);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    http.close();
    stopped.countDown();
  }
}
