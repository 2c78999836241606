package dev.detr4j.bench.train;

import dev.detr4j.bench.peer.ProcessMemory;
import dev.detr4j.bench.peer.TorchProcess;
import dev.detr4j.bench.peer.Turn;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The same step in transformers: {@code peers/python/torch_trainer.py} in a process of its own,
 * whose clock counts.
 */
final class TorchTraining implements Turn, AutoCloseable {
  private static final String SCRIPT = "bench/peers/python/torch_trainer.py";

  private final TorchProcess process;

  /**
   * Starts the script and waits until it has its model.
   *
   * @param sampling a folder whose C kernel takes the place of grid_sample, or empty
   */
  TorchTraining(TrainingCase of, String python, Path home, int threads, String sampling) {
    List<String> command =
        new ArrayList<>(
            List.of(
                python,
                home.resolve(SCRIPT).toString(),
                of.model().toAbsolutePath().toString(),
                "--threads",
                Integer.toString(threads),
                "--height",
                Integer.toString(of.height()),
                "--width",
                Integer.toString(of.width()),
                "--batch",
                Integer.toString(of.batch()),
                "--train",
                of.trained()));
    if (!sampling.isEmpty()) {
      command.addAll(List.of("--sampling", sampling));
    }
    process = new TorchProcess(command);
  }

  String name() {
    return process.name();
  }

  @Override
  public void run() {
    process.run();
  }

  @Override
  public long ownNanos() {
    return process.ownNanos();
  }

  @Override
  public long ownCpuNanos() {
    return process.ownCpuNanos();
  }

  /** The loss of the last step, before its update. */
  double loss() {
    return Double.parseDouble(process.told("loss"));
  }

  /** The most memory that the process ever held, in bytes. */
  long peakBytes() {
    return ProcessMemory.of(process.pid()).peak();
  }

  @Override
  public void close() {
    process.close();
  }
}
