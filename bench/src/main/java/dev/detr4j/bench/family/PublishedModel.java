package dev.detr4j.bench.family;

import dev.detr4j.bench.peer.ComparisonException;
import dev.detr4j.json.JsonObject;
import java.nio.file.Path;
import java.util.OptionalDouble;

/**
 * A published checkpoint, as {@code weights/models.json} lists it.
 *
 * @param ap of COCO's validation images, in per cent, as its project published it; empty when it
 *     detects other classes
 */
record PublishedModel(String name, OptionalDouble ap) {
  /**
   * The checkpoint of a name.
   *
   * @throws ComparisonException when the list has none of this name
   */
  static PublishedModel of(String name, Path list) {
    JsonObject file = JsonObject.read(list, ComparisonException::new);
    for (JsonObject model : file.objects("models")) {
      if (model.string("name").equals(name)) {
        return new PublishedModel(
            name, model.has("ap") ? OptionalDouble.of(model.number("ap")) : OptionalDouble.empty());
      }
    }
    throw new ComparisonException("%s lists no checkpoint %s".formatted(list, name));
  }
}
