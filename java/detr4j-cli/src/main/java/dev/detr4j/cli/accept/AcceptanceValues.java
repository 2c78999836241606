package dev.detr4j.cli.accept;

import dev.detr4j.cli.registry.ModelRegistry;
import dev.detr4j.error.ModelConfigException;
import dev.detr4j.image.PixelSize;
import dev.detr4j.json.JsonObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The asserted values by model: {@code weights/acceptance.json}, which the build copies into the
 * jar, or a file of the same kind. Immutable and thread-safe.
 */
public final class AcceptanceValues {
  /** The file's name, in the jar and in a registry folder of one's own. */
  public static final String FILE = "acceptance.json";

  /**
   * The photo that the values are of.
   *
   * @param name its file name without ending
   * @param url where it is published
   */
  public record Photo(String name, int width, int height, String url) {}

  /**
   * The values of one model.
   *
   * @param nearest whether the order of the queries is that of a top-k, where near-ties swap: each
   *     expected row is then compared with the nearest one
   * @param resized to what the photo was brought before the model's own processor saw it, with
   *     torchvision's antialiasing bilinear filter; null where it was not
   */
  public record OfModel(
      String model, boolean nearest, @Nullable PixelSize resized, List<AcceptanceCheck> checks) {
    public OfModel {
      checks = List.copyOf(checks);
    }
  }

  private final Photo photo;
  private final Map<String, OfModel> models = new LinkedHashMap<>();

  private AcceptanceValues(JsonObject json) {
    JsonObject image = json.object("image");
    photo =
        new Photo(
            image.string("name"),
            image.integer("width", 1, 1 << 16),
            image.integer("height", 1, 1 << 16),
            image.string("url"));
    for (JsonObject each : json.objects("models")) {
      OfModel model = model(each);
      if (models.put(model.model(), model) != null) {
        throw each.wrong("there are two models " + model.model());
      }
    }
  }

  /**
   * Reads the values.
   *
   * @param folder holds a {@link #FILE} to take in place of the built-in one; null for that
   * @throws ModelConfigException when it is missing or malformed
   */
  public static AcceptanceValues read(@Nullable Path folder) {
    return new AcceptanceValues(ModelRegistry.json(folder, FILE));
  }

  private static OfModel model(JsonObject json) {
    List<AcceptanceCheck> checks = new ArrayList<>();
    for (JsonObject check : json.objects("checks")) {
      checks.add(check.string("what").equals("detections") ? found(check) : rows(check));
    }
    if (checks.isEmpty()) {
      throw json.wrong("checks is empty, expected at least one");
    }
    String queries = json.string("queries", "in order");
    if (!queries.equals("in order") && !queries.equals("nearest")) {
      throw json.wrong("queries is \"" + queries + "\", expected nearest");
    }
    return new OfModel(json.string("model"), queries.equals("nearest"), resized(json), checks);
  }

  private static @Nullable PixelSize resized(JsonObject json) {
    if (!json.has("resized")) {
      return null;
    }
    JsonObject size = json.object("resized");
    return new PixelSize(size.integer("width", 1, 1 << 14), size.integer("height", 1, 1 << 14));
  }

  private static AcceptanceCheck rows(JsonObject json) {
    int columns = json.integer("columns", 1, 1 << 16);
    List<Double> values = json.numbers("values");
    if (values.isEmpty() || values.size() % columns != 0) {
      throw json.wrong(
          "values has %d numbers, expected rows of %d".formatted(values.size(), columns));
    }
    return new AcceptanceCheck.Rows(
        json.string("what"),
        columns,
        values,
        json.string("from"),
        json.number("rtol"),
        json.number("atol"));
  }

  private static AcceptanceCheck found(JsonObject json) {
    List<Double> scores = json.numbers("scores");
    List<Integer> labels = json.integers("labels", 0, 1 << 20);
    List<Double> box = json.numbers("first_box");
    if (scores.isEmpty() || labels.size() != scores.size() || box.size() != 4) {
      throw json.wrong(
          "has %d scores, %d labels and a box of %d numbers, expected as many labels as scores and 4"
              .formatted(scores.size(), labels.size(), box.size()));
    }
    return new AcceptanceCheck.Found(
        json.number("threshold"),
        scores,
        labels,
        box,
        json.string("from"),
        json.number("rtol"),
        json.number("atol"));
  }

  /** The photo that all values are of. */
  public Photo photo() {
    return photo;
  }

  /**
   * The values of a model by its name in the registry.
   *
   * @throws ModelConfigException when none are known; the message lists the models with values
   */
  public OfModel of(String model) {
    OfModel values = models.get(model);
    if (values == null) {
      throw new ModelConfigException(
          "model %s: no published values; available for %s"
              .formatted(model, String.join(", ", models.keySet())));
    }
    return values;
  }
}
