package dev.detr4j.cli.registry;

import dev.detr4j.error.OneLine;
import java.io.IOException;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/** Fetches published models into the folder of {@link ModelSettings#home}. */
public final class ModelFetch {
  private static final String LOCK = ".lock";

  private final ModelSettings settings;
  private final FetchLimits limits;
  private final FetchProgress progress;
  private final String userAgent;

  /**
   * A fetcher.
   *
   * @param userAgent how it introduces itself, as in {@code detr4j/1.0}
   */
  public ModelFetch(
      ModelSettings settings, FetchLimits limits, FetchProgress progress, String userAgent) {
    this.settings = settings;
    this.limits = limits;
    this.progress = progress;
    this.userAgent = userAgent;
  }

  /**
   * Fetches the files of a model that are not in its folder yet, weights last. One process at a
   * time can do so.
   *
   * @return the folder
   * @throws FetchException when that cannot be done, in one line; the next call goes on where this
   *     one stopped
   */
  public Path fetch(ModelEntry entry) {
    if (settings.offline()) {
      throw new FetchException(
          "model %s: not fetched, because --offline or HF_HUB_OFFLINE is set"
              .formatted(entry.name()));
    }
    if (!settings.home().isAbsolute()) {
      throw new FetchException(
          "model %s: this user has no home folder to keep it in; DETR4J_HOME names another place"
              .formatted(entry.name()));
    }
    Path folder = new LocalModels(settings).folder(entry);
    try {
      Files.createDirectories(folder);
      try (FileChannel file =
              FileChannel.open(
                  folder.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          FileLock lock = lock(file)) {
        if (lock == null) {
          throw new FetchException(
              "model %s: another process is fetching it into %s".formatted(entry.name(), folder));
        }
        try (HubClient client = new HubClient(settings, limits.stall(), userAgent)) {
          fetchAll(entry, folder, client);
        }
      }
      return folder;
    } catch (IOException e) {
      throw new FetchException(folder + ": cannot be written: " + OneLine.of(e), e);
    }
  }

  private static @Nullable FileLock lock(FileChannel file) throws IOException {
    try {
      return file.tryLock();
    } catch (OverlappingFileLockException e) {
      // Held by another thread of this process.
      return null;
    }
  }

  private void fetchAll(ModelEntry entry, Path folder, HubClient client) {
    for (ModelFile file : entry.files()) {
      Path target = folder.resolve(file.name());
      if (Files.isRegularFile(target)) {
        continue;
      }
      try {
        new Download(client, limits, progress, url(entry, file), target, file.sha256()).run();
      } catch (FetchException e) {
        throw entry.page() == null
            ? e
            : new FetchException(
                "%s; download it in a browser from %s and save it as %s"
                    .formatted(e.getMessage(), entry.page(), target),
                e);
      }
    }
  }

  private URI url(ModelEntry entry, ModelFile file) {
    URI url = file.url();
    return url != null
        ? url
        : URI.create(
            "%s/%s/resolve/%s/%s"
                .formatted(settings.endpoint(), entry.hub(), entry.revision(), file.name()));
  }
}
