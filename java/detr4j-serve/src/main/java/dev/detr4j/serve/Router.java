package dev.detr4j.serve;

import dev.detr4j.serve.exchange.Refusal;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** Finds the route of a request. Immutable. */
final class Router {
  /** A route with the values of its variables. */
  record Match(Route route, Map<String, String> variables) {}

  private final List<Route> routes;

  Router(List<Route> routes) {
    this.routes = List.copyOf(routes);
  }

  List<Route> routes() {
    return routes;
  }

  /** The route of a method and a path; HEAD is answered as GET. */
  Match find(String method, String path) {
    String wanted = method.equals("HEAD") ? "GET" : method;
    TreeSet<String> others = new TreeSet<>();
    for (Route each : routes) {
      Map<String, String> variables = each.path().match(path);
      if (variables == null) {
        continue;
      }
      if (each.method().equals(wanted)) {
        return new Match(each, variables);
      }
      others.add(each.method());
    }
    if (!others.isEmpty()) {
      String allowed = String.join(", ", others);
      throw Refusal.method("the method is not %s".formatted(allowed), allowed);
    }
    throw Refusal.notFound("there is nothing at this path; /openapi.json lists what there is");
  }
}
