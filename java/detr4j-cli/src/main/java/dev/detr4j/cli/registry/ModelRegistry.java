package dev.detr4j.cli.registry;

import dev.detr4j.error.ModelConfigException;
import dev.detr4j.json.JsonObject;
import dev.detr4j.model.description.ModelSource;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The published checkpoints by name: {@code weights/models.json}, which the build copies into the
 * jar, or a file of the same kind. Immutable and thread-safe.
 */
public final class ModelRegistry {
  /** The file's name, in the jar and in a folder of one's own. */
  public static final String FILE = "models.json";

  private static final String PART = "[A-Za-z0-9][A-Za-z0-9._-]*";
  private static final Pattern PLAIN = Pattern.compile(PART);

  /** Owner, model and revision; no component can be or contain {@code ..} or a separator alone. */
  static final Pattern NAME = Pattern.compile("(%s/%s)(?:@(%s))?".formatted(PART, PART, PART));

  private static final Pattern DIGEST = Pattern.compile("[0-9a-f]{8,64}");

  private final Map<String, ModelEntry> entries = new LinkedHashMap<>();

  private ModelRegistry(JsonObject json) {
    for (JsonObject model : json.objects("models")) {
      ModelEntry entry = entry(model);
      if (entries.put(entry.name(), entry) != null) {
        throw model.wrong("there are two models " + entry.name());
      }
    }
  }

  /**
   * Reads the registry.
   *
   * @param folder holds a {@link #FILE} to take in place of the built-in one; null for that
   * @throws ModelConfigException when it is missing or malformed
   */
  public static ModelRegistry read(@Nullable Path folder) {
    return new ModelRegistry(json(folder, FILE));
  }

  /**
   * A JSON file of the registry's folder.
   *
   * @param folder as in {@link #read}
   */
  public static JsonObject json(@Nullable Path folder, String file) {
    if (folder != null) {
      return JsonObject.read(folder.resolve(file), ModelConfigException::new);
    }
    try (InputStream in = ModelRegistry.class.getResourceAsStream(file)) {
      if (in == null) {
        throw new IllegalStateException(file + " is missing from the detr4j-cli jar");
      }
      return JsonObject.parse(file, in.readAllBytes(), ModelConfigException::new);
    } catch (IOException e) {
      throw new UncheckedIOException(file, e);
    }
  }

  private static ModelEntry entry(JsonObject json) {
    String hub = json.has("hub") ? json.string("hub") : null;
    if (hub != null && (!NAME.matcher(hub).matches() || hub.indexOf('@') >= 0)) {
      throw json.wrong("hub is \"" + hub + "\", expected owner/repository");
    }
    List<ModelFile> files = new ArrayList<>();
    for (JsonObject file : json.objects("files")) {
      files.add(file(file, hub));
    }
    if (files.isEmpty()) {
      throw json.wrong("files is empty, expected at least one");
    }
    return new ModelEntry(
        matching(json, "name", NAME, "owner/model or owner/model@revision"),
        source(json),
        json.string("variant"),
        json.string("licence"),
        json.has("ap") ? json.number("ap") : null,
        json.has("megabytes") ? json.integer("megabytes", 0, 1_000_000) : null,
        hub,
        json.has("revision")
            ? matching(json, "revision", PLAIN, "a branch, tag or commit")
            : ModelEntry.MAIN,
        json.has("page") ? json.string("page") : null,
        files);
  }

  private static ModelFile file(JsonObject json, @Nullable String hub) {
    String name = matching(json, "name", PLAIN, "a plain file name");
    URI url = null;
    if (json.has("url")) {
      try {
        url = URI.create(json.string("url"));
      } catch (IllegalArgumentException e) {
        throw json.wrong("url is \"" + json.string("url") + "\", which is not a valid address");
      }
      if (url.getHost() == null || !String.valueOf(url.getScheme()).matches("https?")) {
        throw json.wrong("url is \"" + url + "\", expected one of https or http");
      }
    } else if (hub == null) {
      throw json.wrong("url is missing, expected one in a model without hub");
    }
    return new ModelFile(
        name,
        url,
        json.has("sha256") ? matching(json, "sha256", DIGEST, "8 to 64 hex digits") : null);
  }

  private static String matching(JsonObject json, String field, Pattern pattern, String expected) {
    String value = json.string(field);
    if (!pattern.matcher(value).matches()) {
      throw json.wrong(field + " is \"" + value + "\", expected " + expected);
    }
    return value;
  }

  private static ModelSource source(JsonObject json) {
    try {
      return ModelSource.of(json.string("source"));
    } catch (IllegalArgumentException e) {
      throw json.wrong(String.valueOf(e.getMessage()));
    }
  }

  /** All entries in the order of the file. */
  public List<ModelEntry> entries() {
    return List.copyOf(entries.values());
  }

  /**
   * The entry of a name. Accepted are the name itself, the id of its hub repository, and what
   * stands behind the slash of either where only one entry has it.
   *
   * @throws ModelConfigException when several have it; the message lists them
   */
  public Optional<ModelEntry> find(String name) {
    ModelEntry exact = entries.get(name);
    if (exact != null) {
      return Optional.of(exact);
    }
    List<ModelEntry> fitting =
        entries.values().stream()
            .filter(entry ->
                name.equals(hubName(entry))
                    || entry.name().endsWith("/" + name)
                    || String.valueOf(hubName(entry)).endsWith("/" + name))
            .toList();
    if (fitting.size() > 1) {
      throw new ModelConfigException(
          "model %s: ambiguous name; it could be %s"
              .formatted(
                  name, String.join(" or ", fitting.stream().map(ModelEntry::name).toList())));
    }
    return fitting.stream().findFirst();
  }

  private static @Nullable String hubName(ModelEntry entry) {
    return entry.hub() == null || entry.revision().equals(ModelEntry.MAIN)
        ? entry.hub()
        : entry.hub() + "@" + entry.revision();
  }
}
