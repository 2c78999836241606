package dev.detr4j.cli.registry;

import dev.detr4j.error.CheckpointException;
import dev.detr4j.error.ModelConfigException;
import dev.detr4j.model.codes.CodesModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds models on this machine. Looked for are, in this order: a path that exists, the cache of the
 * Hugging Face tools, the folder of fetched models. Only reads, but for {@link #builtIn}.
 * Thread-safe.
 */
public final class LocalModels {
  private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");
  private static final int LONGEST_REF = 1024;
  private static final List<String> WEIGHTS =
      List.of(
          "model.safetensors",
          "model.safetensors.index.json",
          "pytorch_model.bin",
          "pytorch_model.bin.index.json");

  private final ModelSettings settings;

  /** Looks where the settings say. */
  public LocalModels(ModelSettings settings) {
    this.settings = settings;
  }

  /**
   * What a user means by {@code --model}.
   *
   * @param model a path, {@value CodesModel#NAME}, a name of the registry, or the id of any model
   *     in the cache of the Hugging Face tools
   * @throws ModelConfigException when there is no such thing here; the message says how to get it
   */
  public static LocalModel resolve(Path model) {
    if (Files.exists(model)) {
      return LocalModel.of(model);
    }
    if (model.toString().equals(CodesModel.NAME)) {
      return builtIn();
    }
    ModelSettings settings = ModelSettings.ofProcess();
    return new LocalModels(settings)
        .named(model.toString(), ModelRegistry.read(settings.registry()));
  }

  /**
   * The model that comes with the command line; written to where {@link CodesModel#folder} says, if
   * it is not there yet.
   *
   * @throws CheckpointException when it cannot be written
   */
  public static LocalModel builtIn() {
    return LocalModel.of(CodesModel.folder());
  }

  /** As {@link #resolve}, without the path. */
  LocalModel named(String name, ModelRegistry registry) {
    Optional<ModelEntry> entry = registry.find(name);
    if (entry.isPresent()) {
      return find(entry.get())
          .orElseThrow(() -> new ModelConfigException(absent(entry.get(), name)));
    }
    Matcher hub = ModelRegistry.NAME.matcher(name);
    if (hub.matches()) {
      String revision = hub.group(2) == null ? ModelEntry.MAIN : hub.group(2);
      Optional<Path> folder = snapshot(hub.group(1), revision).filter(LocalModels::isModelFolder);
      if (folder.isPresent()) {
        return LocalModel.of(folder.get());
      }
    }
    throw new ModelConfigException(
        "model %s: there is no such file or folder, and no model of that name; `detr4j models` lists the names"
            .formatted(name));
  }

  private String absent(ModelEntry entry, String asked) {
    List<String> looked = new ArrayList<>();
    if (entry.hub() != null && settings.hubCache().isAbsolute()) {
      looked.add(settings.hubCache().toString());
    }
    if (settings.home().isAbsolute()) {
      looked.add(folder(entry).toString());
    }
    return "model %s: not on this machine (%s); `detr4j models fetch %s` gets it"
        .formatted(
            asked,
            looked.isEmpty()
                ? "this user has no home folder; DETR4J_HOME names another place"
                : "looked in " + String.join(" and ", looked),
            entry.name());
  }

  /** The model of an entry, when it is here in full. */
  public Optional<LocalModel> find(ModelEntry entry) {
    if (entry.hub() != null) {
      Optional<LocalModel> cached =
          snapshot(entry.hub(), entry.revision()).flatMap(folder -> in(folder, entry));
      if (cached.isPresent()) {
        return cached;
      }
    }
    return settings.home().isAbsolute() ? in(folder(entry), entry) : Optional.empty();
  }

  /** Where an entry's files are put when they are fetched. */
  Path folder(ModelEntry entry) {
    return settings.home().resolve("models").resolve(entry.name());
  }

  private static Optional<LocalModel> in(Path folder, ModelEntry entry) {
    if (entry.isFolder()) {
      return isModelFolder(folder) ? Optional.of(LocalModel.of(folder)) : Optional.empty();
    }
    Path file = folder.resolve(entry.files().getFirst().name());
    return Files.isRegularFile(file)
        ? Optional.of(new LocalModel(file, entry.source(), entry.variant()))
        : Optional.empty();
  }

  private static boolean isModelFolder(Path folder) {
    return Files.isRegularFile(folder.resolve("config.json"))
        && WEIGHTS.stream().anyMatch(name -> Files.isRegularFile(folder.resolve(name)));
  }

  /**
   * The folder of a revision in the cache of the Hugging Face tools: {@code refs} names the commit
   * of a branch or tag, {@code snapshots} has a folder for each commit.
   */
  private Optional<Path> snapshot(String repository, String revision) {
    if (!settings.hubCache().isAbsolute()) {
      // A user without a home folder: what lies in the working directory is not that user's cache.
      return Optional.empty();
    }
    Path models = settings.hubCache().resolve("models--" + repository.replace("/", "--"));
    return commit(models.resolve("refs").resolve(revision))
        .or(() -> Optional.of(revision))
        .map(models.resolve("snapshots")::resolve)
        .filter(Files::isDirectory);
  }

  private static Optional<String> commit(Path ref) {
    try {
      if (!Files.isRegularFile(ref) || Files.size(ref) > LONGEST_REF) {
        return Optional.empty();
      }
      String commit = Files.readString(ref).strip();
      return COMMIT.matcher(commit).matches() ? Optional.of(commit) : Optional.empty();
    } catch (IOException e) {
      // An unreadable cache holds no model for us.
      return Optional.empty();
    }
  }
}
