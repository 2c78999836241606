package dev.detr4j.cli.registry;

import dev.detr4j.checkpoint.Checkpoint;
import dev.detr4j.checkpoint.SafetensorsFile;
import dev.detr4j.checkpoint.TorchCheckpoint;
import dev.detr4j.error.CheckpointException;
import dev.detr4j.json.JsonObject;
import java.nio.file.Path;

/** Whether a file is whole, as far as its own directory tells; values are not read. */
final class Contents {
  private Contents() {}

  /**
   * Opens a file as what its final name says.
   *
   * @throws CheckpointException when it is not that, or cut off
   */
  static void check(Path file, String finalName) {
    if (finalName.endsWith(".json")) {
      JsonObject.read(file, CheckpointException::new);
    } else if (finalName.endsWith(".safetensors")) {
      opened(SafetensorsFile.open(file));
    } else {
      opened(TorchCheckpoint.open(file));
    }
  }

  private static void opened(Checkpoint checkpoint) {
    checkpoint.close();
  }
}
