package dev.detr4j.spark;

import dev.detr4j.Detector;
import dev.detr4j.DetectorBuilder;
import dev.detr4j.ModelFiles;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.Precision;
import dev.detr4j.error.ModelConfigException;
import dev.detr4j.model.codes.CodesModel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.spark.SparkFiles;
import org.apache.spark.TaskContext;
import org.jspecify.annotations.Nullable;

/**
 * The detectors of this executor: one for each model and way to run it, which the tasks of all jobs
 * share. The first task that needs one opens it, and the others wait for that. A model that cannot
 * be opened is not remembered: the next attempt of the task tries again.
 *
 * <p>Detectors are never closed. An executor ends with its process, and the system takes the memory
 * back. A hook at the end of the JVM would wait for running calls, and only delay executors that
 * were told to go.
 */
final class ExecutorDetectors {
  /**
   * More calls than any executor has tasks at once: sessions open when no other is free, so that
   * Spark alone decides how many there are.
   */
  private static final int ANY_SESSIONS = 1 << 12;

  private static final Pattern SESSION =
      Pattern.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");

  private static final Map<Request, Detector> OPEN = new ConcurrentHashMap<>();

  private ExecutorDetectors() {}

  /** The detector for a task; null stands for a thread that runs none. */
  static Detector get(DetectorOptions options, @Nullable TaskContext task) {
    return OPEN.computeIfAbsent(Request.of(options, task), Request::open);
  }

  /** How many detectors this JVM has opened. */
  static int count() {
    return OPEN.size();
  }

  /**
   * What tells detectors apart. Threshold and classes do not: they are settings of calls.
   *
   * @param model null for the default model
   */
  private record Request(
      @Nullable Path model,
      @Nullable Path labels,
      @Nullable BackendKind backend,
      @Nullable Precision precision,
      @Nullable Integer threads,
      int sessions,
      @Nullable Long maxPixels) {
    static Request of(DetectorOptions options, @Nullable TaskContext task) {
      String model = options.model();
      String labels = options.labels();
      Integer sessions = options.sessions();
      return new Request(
          model == null ? null : locate("model", model),
          labels == null ? null : locate("labels", labels),
          options.backend(),
          options.precision(),
          threads(options, task),
          sessions == null ? ANY_SESSIONS : sessions,
          options.maxPixels());
    }

    /** Spark gave a task so many processors, unless somebody decided otherwise. */
    private static @Nullable Integer threads(DetectorOptions options, @Nullable TaskContext task) {
      boolean undecided =
          System.getProperty("detr4j.threads", "").isEmpty()
              && System.getenv().getOrDefault("DETR4J_THREADS", "").isEmpty();
      Integer asked = options.threads();
      return asked == null && undecided && task != null ? Integer.valueOf(task.cpus()) : asked;
    }

    private static Path locate(String option, String place) {
      Path path = place.startsWith("file:") ? Path.of(URI.create(place)) : Path.of(place);
      if (path.isAbsolute()) {
        return path;
      }
      Path root = Path.of(SparkFiles.getRootDirectory()).toAbsolutePath().normalize();
      Path added = root.resolve(place);
      if (Files.exists(added)) {
        return added;
      }
      // ADD FILE puts files into a folder named after the session, which a task does not know.
      List<Path> ofSessions = inSessions(root, place);
      if (ofSessions.size() == 1) {
        return ofSessions.getFirst();
      }
      throw new ModelConfigException(
          ofSessions.isEmpty()
              ? "option %s is %s, and this executor has no file of that name from --files, --archives or ADD FILE (there is no %s); a path must be absolute"
                  .formatted(option, place, added)
              : "option %s is %s, and %d sessions added a file of that name; give each its own name"
                  .formatted(option, place, ofSessions.size()));
    }

    private static List<Path> inSessions(Path root, String place) {
      try (Stream<Path> folders = Files.list(root)) {
        return folders
            .filter(folder -> SESSION.matcher(folder.getFileName().toString()).matches())
            .map(folder -> folder.resolve(place))
            .filter(Files::exists)
            .toList();
      } catch (IOException e) {
        throw new UncheckedIOException(root + ": cannot be read", e);
      }
    }

    Detector open() {
      DetectorBuilder builder = builder();
      if (labels != null) {
        builder.labels(labels);
      }
      if (backend != null) {
        builder.backend(backend);
      }
      if (precision != null) {
        builder.precision(precision);
      }
      if (threads != null) {
        builder.threads(threads);
      }
      if (maxPixels != null) {
        builder.maxPixels(maxPixels);
      }
      return builder.sessions(sessions).build();
    }

    private DetectorBuilder builder() {
      if (model == null) {
        return defaultModel();
      }
      boolean archive =
          Files.isRegularFile(model) && model.toString().toLowerCase(Locale.ROOT).endsWith(".zip");
      return archive ? Detector.builder(ModelFiles.ofZip(model)) : Detector.builder(model);
    }

    private static DetectorBuilder defaultModel() {
      try {
        return Detector.builder(ModelFiles.ofBytes(CodesModel.files())).name(CodesModel.NAME);
      } catch (NoClassDefFoundError e) {
        throw new ModelConfigException(
            "option model is not set, and the default model, detr4j-model-codes, is not on the class path",
            e);
      }
    }
  }
}
