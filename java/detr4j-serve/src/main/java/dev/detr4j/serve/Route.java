package dev.detr4j.serve;

import dev.detr4j.serve.exchange.ServeAnswer;
import dev.detr4j.serve.exchange.ServeRequest;
import java.io.IOException;
import java.util.Map;

/**
 * One method of one path.
 *
 * @param method {@code GET} or {@code POST}
 * @param path with variables
 * @param name in metrics and logs
 * @param open whether it is answered without the token
 * @param handler makes the answer
 */
record Route(String method, PathTemplate path, String name, boolean open, Handler handler) {
  /** Makes the answer of a route. */
  @FunctionalInterface
  interface Handler {
    ServeAnswer answer(ServeRequest request, Map<String, String> variables) throws IOException;
  }

  static Route get(String path, String name, boolean open, Handler handler) {
    return new Route("GET", new PathTemplate(path), name, open, handler);
  }

  static Route post(String path, String name, Handler handler) {
    return new Route("POST", new PathTemplate(path), name, false, handler);
  }
}
