package dev.detr4j.cli.registry;

import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * GET requests that follow redirects themselves: the token goes to the hub's own host only, nobody
 * is sent from https to http, and what the hub says about a file in its redirect is kept.
 */
final class HubClient implements AutoCloseable {
  private static final int MOST_REDIRECTS = 10;
  private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);

  private final HttpClient client =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .followRedirects(HttpClient.Redirect.NEVER)
          .connectTimeout(Duration.ofSeconds(30))
          .build();
  private final ModelSettings settings;
  private final Duration patience;
  private final String userAgent;

  HubClient(ModelSettings settings, Duration patience, String userAgent) {
    this.settings = settings;
    this.patience = patience;
    this.userAgent = userAgent;
  }

  /**
   * An answer that is no redirect; its body is open.
   *
   * @param linkedDigest the SHA-256 that the hub gave for a large file, or null
   * @param linkedSize the size that it gave, or -1
   */
  record Answer(HttpResponse<AnswerBody> response, @Nullable String linkedDigest, long linkedSize)
      implements AutoCloseable {
    int status() {
      return response.statusCode();
    }

    Optional<String> header(String name) {
      return response.headers().firstValue(name);
    }

    /** A header that holds a number of bytes or seconds; -1 when it does not. */
    long number(String name) {
      return header(name).map(HubClient::number).orElse(-1L);
    }

    @Override
    public void close() {
      response.body().close();
    }
  }

  /**
   * Asks for an address, with these headers.
   *
   * @throws IOException when the connection fails; trying again may help
   * @throws FetchException when it cannot
   */
  Answer get(URI address, Map<String, String> headers) throws IOException {
    URI url = address;
    String digest = null;
    long size = -1;
    for (int hop = 0; hop <= MOST_REDIRECTS; hop++) {
      HttpResponse<AnswerBody> response = send(url, headers);
      if (digest == null && size < 0) {
        digest = response.headers().firstValue("x-linked-etag").map(HubClient::digest).orElse(null);
        size = response.headers().firstValue("x-linked-size").map(HubClient::number).orElse(-1L);
      }
      Optional<String> location = response.headers().firstValue("location");
      if (!REDIRECTS.contains(response.statusCode()) || location.isEmpty()) {
        return new Answer(response, digest, size);
      }
      response.body().close();
      url = next(url, location.get());
    }
    throw new FetchException(address + ": more than " + MOST_REDIRECTS + " redirects");
  }

  private static URI next(URI from, String location) {
    URI to;
    try {
      to = from.resolve(location);
    } catch (IllegalArgumentException e) {
      throw new FetchException(
          from + ": redirects to " + location + ", which is not a valid address", e);
    }
    boolean http = "http".equalsIgnoreCase(to.getScheme());
    if (to.getHost() == null || !(http || "https".equalsIgnoreCase(to.getScheme()))) {
      throw new FetchException(
          from + ": redirects to " + to + ", expected an http or https address");
    }
    if (http && "https".equalsIgnoreCase(from.getScheme())) {
      throw new FetchException(
          from + ": redirects to " + to + ", which is not encrypted; the first address is");
    }
    return to;
  }

  private HttpResponse<AnswerBody> send(URI url, Map<String, String> headers) throws IOException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(url)
            .timeout(patience)
            .header("User-Agent", userAgent)
            // What is stored is what is hashed and resumed.
            .header("Accept-Encoding", "identity");
    headers.forEach(request::header);
    String token = settings.token();
    if (token != null && isHub(url)) {
      request.header("Authorization", "Bearer " + token);
    }
    try {
      return client.send(request.build(), answer -> new AnswerBody());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FetchException(url + ": interrupted", e);
    } catch (IllegalArgumentException e) {
      throw new FetchException(url + ": " + e.getMessage(), e);
    }
  }

  /** Whether an address is the hub's own, and nobody on the way can read a token. */
  private boolean isHub(URI url) {
    URI hub = settings.endpoint();
    return url.getScheme().equalsIgnoreCase(hub.getScheme())
        && url.getHost().equalsIgnoreCase(hub.getHost())
        && port(url) == port(hub)
        && (url.getScheme().equalsIgnoreCase("https") || isLoopback(url.getHost()));
  }

  private static int port(URI url) {
    if (url.getPort() >= 0) {
      return url.getPort();
    }
    return url.getScheme().toLowerCase(Locale.ROOT).equals("https") ? 443 : 80;
  }

  private static boolean isLoopback(String host) {
    try {
      return InetAddress.getByName(host).isLoopbackAddress();
    } catch (UnknownHostException e) {
      return false;
    }
  }

  private static @Nullable String digest(String tag) {
    String plain = tag.replaceFirst("^W/", "").replace("\"", "").toLowerCase(Locale.ROOT);
    return plain.matches("[0-9a-f]{64}") ? plain : null;
  }

  private static long number(String text) {
    return text.matches("\\d{1,18}") ? Long.parseLong(text) : -1;
  }

  @Override
  public void close() {
    client.shutdownNow();
    client.close();
  }
}
