package dev.detr4j.parity;

import dev.detr4j.checkpoint.Checkpoint;
import dev.detr4j.error.CheckpointException;
import dev.detr4j.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * One checkpoint file that was made to harm its reader: it is refused with a checked error, or,
 * where the set allows that, loads; either way nothing in it was executed, which would have left a
 * file behind.
 *
 * @param canary the path that such a file's name begins with
 */
record HostileParity(String path, Path file, JsonObject entry, Path canary)
    implements ParityCase.OnHost {
  @Override
  public List<StageResult> run() {
    boolean mustRefuse = entry.string("must").equals("reject");
    boolean accepted = !refuses() && mustRefuse;
    return List.of(
        new StageResult(
            mustRefuse ? "refused" : "refused or loaded",
            accepted ? Double.POSITIVE_INFINITY : 0,
            0,
            accepted ? "the file was accepted" : ""),
        new StageResult("nothing executed", executed() ? Double.POSITIVE_INFINITY : 0, 0));
  }

  private boolean refuses() {
    try (Checkpoint checkpoint = ContainerParity.open(file)) {
      for (String name : checkpoint.names()) {
        // Described but not read: a tensor may repeat one element a trillion times.
        checkpoint.tensor(name).shape();
      }
      return false;
    } catch (CheckpointException e) {
      return true;
    }
  }

  private boolean executed() {
    Path folder = canary.getParent();
    if (folder == null || !Files.isDirectory(folder)) {
      return false;
    }
    String beginning = String.valueOf(canary.getFileName());
    try (Stream<Path> files = Files.list(folder)) {
      return files.anyMatch(each -> String.valueOf(each.getFileName()).startsWith(beginning));
    } catch (IOException e) {
      throw new CheckpointException(folder + ": cannot be listed: " + e.getMessage(), e);
    }
  }
}
