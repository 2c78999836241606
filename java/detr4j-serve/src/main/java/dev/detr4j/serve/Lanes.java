package dev.detr4j.serve;

import dev.detr4j.serve.dialect.ServedModel;
import dev.detr4j.serve.exchange.Refusal;
import dev.detr4j.serve.schedule.Scheduler;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The models by name, each with its line of requests. Immutable. */
final class Lanes {
  /** A model and its line. */
  record Lane(ServedModel model, Scheduler.Line line) {}

  private final Map<String, Lane> lanes = new LinkedHashMap<>();
  private final Lane first;

  Lanes(List<ServedModel> models, Scheduler scheduler) {
    for (ServedModel each : models) {
      lanes.put(each.name(), new Lane(each, scheduler.newLine()));
    }
    first = lanes.values().iterator().next();
  }

  /** The models, the default first. */
  Collection<Lane> all() {
    return Collections.unmodifiableCollection(lanes.values());
  }

  /** The model of a name, or the default for none. */
  Lane of(@Nullable String name) {
    if (name == null) {
      return first;
    }
    Lane lane = lanes.get(name);
    if (lane == null) {
      throw Refusal.notFound("there is no model of that name; /models lists them");
    }
    return lane;
  }
}
