package dev.detr4j.cli.registry;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * An HTTP server on loopback below the level at which servers behave: a script writes each answer
 * byte by byte. One request a connection, which is closed after the script.
 */
public final class ScriptedServer implements AutoCloseable {
  /**
   * One request.
   *
   * @param number counted from 1
   * @param headers by lower-case name
   */
  public record Request(int number, String path, Map<String, String> headers) {
    /** The first byte that a range begins with; 0 without one. */
    int from() {
      String range = headers.getOrDefault("range", "bytes=0-");
      return Integer.parseInt(range.substring("bytes=".length(), range.length() - 1));
    }
  }

  /** Writes an answer. */
  public interface Script {
    void answer(Request request, OutputStream out) throws IOException, InterruptedException;
  }

  private final ServerSocket socket;
  private final Script script;
  private final List<Request> requests = new CopyOnWriteArrayList<>();
  private final List<Socket> open = new CopyOnWriteArrayList<>();

  public ScriptedServer(Script script) throws IOException {
    this.script = script;
    this.socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::accept);
  }

  public URI address() {
    return URI.create("http://127.0.0.1:" + socket.getLocalPort());
  }

  public List<Request> requests() {
    return requests;
  }

  private void accept() {
    try {
      while (true) {
        Socket connection = socket.accept();
        open.add(connection);
        Thread.ofVirtual().start(() -> serve(connection));
      }
    } catch (IOException e) {
      // Closed: the test is over.
      return;
    }
  }

  private void serve(Socket connection) {
    try (connection) {
      Request request = read(connection.getInputStream());
      requests.add(request);
      script.answer(request, connection.getOutputStream());
      connection.getOutputStream().flush();
    } catch (IOException | InterruptedException e) {
      // The client went away, which some tests are about.
      return;
    }
  }

  private Request read(InputStream in) throws IOException {
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      int b = in.read();
      if (b < 0) {
        throw new IOException("no request");
      }
      head.append((char) b);
    }
    List<String> lines = head.toString().lines().toList();
    Map<String, String> headers = new TreeMap<>();
    for (String line : lines.subList(1, lines.size())) {
      int colon = line.indexOf(':');
      if (colon > 0) {
        headers.put(
            line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).strip());
      }
    }
    return new Request(requests.size() + 1, lines.getFirst().split(" ", -1)[1], headers);
  }

  /** Status line and headers, each as {@code Name: value}. */
  static void head(OutputStream out, int status, String... headers) throws IOException {
    StringBuilder head = new StringBuilder("HTTP/1.1 " + status + " Text\r\nConnection: close\r\n");
    for (String header : headers) {
      head.append(header).append("\r\n");
    }
    out.write(head.append("\r\n").toString().getBytes(StandardCharsets.US_ASCII));
  }

  /** An answer as it should be, in full or from where the range begins. */
  static void serve(Request request, OutputStream out, byte[] content, String tag)
      throws IOException {
    int from = request.from();
    boolean current =
        request.headers().getOrDefault("if-range", "\"" + tag + "\"").equals("\"" + tag + "\"");
    if (from > 0 && current) {
      head(
          out,
          206,
          "ETag: \"" + tag + "\"",
          "Content-Length: " + (content.length - from),
          "Content-Range: bytes %d-%d/%d".formatted(from, content.length - 1, content.length));
      out.write(content, from, content.length - from);
    } else {
      head(out, 200, "ETag: \"" + tag + "\"", "Content-Length: " + content.length);
      out.write(content);
    }
  }

  /** Says that all of it comes, and sends so many bytes. */
  static void serveCutOff(OutputStream out, byte[] content, String tag, int sent)
      throws IOException {
    head(out, 200, "ETag: \"" + tag + "\"", "Content-Length: " + content.length);
    out.write(content, 0, sent);
  }

  @Override
  public void close() throws IOException {
    socket.close();
    for (Socket connection : open) {
      connection.close();
    }
  }
}
