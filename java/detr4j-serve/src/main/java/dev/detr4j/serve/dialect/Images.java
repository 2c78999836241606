package dev.detr4j.serve.dialect;

import dev.detr4j.serve.json.JsonMap;
import java.util.ArrayList;
import java.util.List;

/** A member that holds one image or a list of them. Stateless. */
final class Images {
  private Images() {}

  static DetectJob of(JsonMap body, String name) {
    Object value = body.value(name);
    if (!(value instanceof List<?> list)) {
      return DetectJob.of(List.of(ImageSource.of(JsonMap.asText(value, body.path(name)))), false);
    }
    List<ImageSource> images = new ArrayList<>();
    for (int i = 0; i < list.size(); i++) {
      images.add(ImageSource.of(JsonMap.asText(list.get(i), body.path(name) + "[" + i + "]")));
    }
    return DetectJob.of(images, true);
  }
}
