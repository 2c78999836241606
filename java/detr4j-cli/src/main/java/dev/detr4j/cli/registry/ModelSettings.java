package dev.detr4j.cli.registry;

import dev.detr4j.error.ModelConfigException;
import java.net.URI;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Where models lie and come from. The environment variables of the Hugging Face tools mean what
 * they mean there.
 *
 * @param home where fetched models are kept: {@code detr4j.models.home}, {@code DETR4J_HOME},
 *     {@code detr4j} in the user's cache folder; not absolute for a user without a home folder
 * @param hubCache the cache of the Hugging Face tools, which is only read: {@code HF_HUB_CACHE},
 *     {@code HF_HOME}{@code /hub}, {@code huggingface/hub} in the user's cache folder; as home, not
 *     absolute for a user without a home folder
 * @param registry a folder whose files stand in for the built-in ones, or null: {@code
 *     detr4j.models.registry}, {@code DETR4J_REGISTRY}
 * @param endpoint the hub or a mirror of it: {@code detr4j.hub.endpoint}, {@code HF_ENDPOINT}
 * @param token for that host only, or null: {@code HF_TOKEN}
 * @param offline whether fetching is refused: {@code HF_HUB_OFFLINE}
 */
public record ModelSettings(
    Path home,
    Path hubCache,
    @Nullable Path registry,
    URI endpoint,
    @Nullable String token,
    boolean offline) {
  private static final String HUB = "https://huggingface.co";
  private static final Set<String> TRUE = Set.of("1", "true", "yes", "on");

  /** The settings of this process. */
  public static ModelSettings ofProcess() {
    return of(System::getProperty, System::getenv);
  }

  /** As above, from other sources; a value that is empty or blank counts as absent. */
  static ModelSettings of(
      UnaryOperator<@Nullable String> property, UnaryOperator<@Nullable String> environment) {
    Values values = new Values(property, environment);
    Path cache = values.cache();
    Path huggingFace = values.path("HF_HOME", cache.resolve("huggingface"));
    String registry = values.either("detr4j.models.registry", "DETR4J_REGISTRY");
    String home = values.home();
    String endpoint = values.either("detr4j.hub.endpoint", "HF_ENDPOINT");
    String offline = values.get("HF_HUB_OFFLINE");
    return new ModelSettings(
        home == null ? cache.resolve("detr4j") : values.expanded(home),
        values.path("HF_HUB_CACHE", huggingFace.resolve("hub")),
        registry == null ? null : values.expanded(registry),
        address(endpoint == null ? HUB : endpoint),
        values.get("HF_TOKEN"),
        offline != null && TRUE.contains(offline.toLowerCase(Locale.ROOT)));
  }

  /** The same, or such that nothing is fetched. */
  public ModelSettings offline(boolean also) {
    return new ModelSettings(home, hubCache, registry, endpoint, token, offline || also);
  }

  private static URI address(String endpoint) {
    String plain = endpoint.replaceFirst("/+$", "");
    try {
      URI uri = URI.create(plain);
      if (uri.getHost() != null && String.valueOf(uri.getScheme()).matches("https?")) {
        return uri;
      }
    } catch (IllegalArgumentException e) {
      // Refused below, like an address that is of no use.
    }
    throw new ModelConfigException(
        "the hub's address (detr4j.hub.endpoint or HF_ENDPOINT) is \""
            + endpoint
            + "\", expected an address as in "
            + HUB);
  }

  private record Values(
      UnaryOperator<@Nullable String> property, UnaryOperator<@Nullable String> environment) {
    @Nullable String get(String variable) {
      String value = environment.apply(variable);
      return value == null || value.isBlank() ? null : value.strip();
    }

    @Nullable String either(String name, String variable) {
      String value = property.apply(name);
      return value == null || value.isBlank() ? get(variable) : value.strip();
    }

    /** As the default model and the C library take it: a relative folder counts as absent. */
    Path cache() {
      String named = get("XDG_CACHE_HOME");
      return named != null && Path.of(named).isAbsolute()
          ? Path.of(named)
          : Path.of(userHome(), ".cache");
    }

    @Nullable String home() {
      return either("detr4j.models.home", "DETR4J_HOME");
    }

    Path path(String variable, Path absent) {
      String value = get(variable);
      return value == null ? absent : expanded(value);
    }

    /** A leading {@code ~} is the user's home, as the Hugging Face tools take it. */
    Path expanded(String path) {
      if (!path.equals("~") && !path.startsWith("~/")) {
        return Path.of(path).toAbsolutePath();
      }
      if (!Path.of(userHome()).isAbsolute()) {
        throw new ModelConfigException(
            "%s is in the home folder, but this user has none".formatted(path));
      }
      return Path.of(userHome() + path.substring(1));
    }

    String userHome() {
      String home = property.apply("user.home");
      return home == null ? "" : home;
    }
  }
}
