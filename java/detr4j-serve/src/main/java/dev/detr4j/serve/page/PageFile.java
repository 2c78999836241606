package dev.detr4j.serve.page;

import dev.detr4j.serve.exchange.ServeAnswer;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;

/**
 * A file of the page, or the description of the routes, as it lies in the jar.
 *
 * @param path where it is served
 * @param answer the file
 */
public record PageFile(String path, ServeAnswer answer) {
  /** Nothing but this server's own files runs or is shown; photos are blobs. */
  private static final String POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:;"
          + " media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none';"
          + " frame-ancestors 'none'";

  /** All of them. */
  public static final List<PageFile> ALL =
      List.of(
          of("/", "page.html", "text/html; charset=utf-8"),
          of("/page.css", "page.css", "text/css; charset=utf-8"),
          script("page.js"),
          script("state.js"),
          script("server.js"),
          script("drawing.js"),
          script("copying.js"),
          script("camera.js"),
          of("/icon.svg", "icon.svg", "image/svg+xml"),
          of("/openapi.json", "openapi.json", "application/json"));

  private static PageFile script(String file) {
    return of("/" + file, file, "text/javascript; charset=utf-8");
  }

  private static PageFile of(String path, String file, String contentType) {
    return new PageFile(
        path,
        new ServeAnswer(
            200,
            contentType,
            Map.of(
                "Content-Security-Policy",
                POLICY,
                "X-Content-Type-Options",
                "nosniff",
                "Referrer-Policy",
                "no-referrer",
                "Cache-Control",
                "no-cache"),
            read(file)));
  }

  private static byte[] read(String file) {
    try (InputStream stream = PageFile.class.getResourceAsStream(file)) {
      if (stream == null) {
        throw new IllegalStateException("this build of detr4j-serve lacks " + file);
      }
      return stream.readAllBytes();
    } catch (IOException e) {
      throw new IllegalStateException(file + " cannot be read from the jar", e);
    }
  }
}
