package dev.detr4j.bench.kernel;

import dev.detr4j.backend.Backend;
import dev.detr4j.op.SoftNms;
import java.util.Arrays;

/** A case on one of our backends, which stays open. */
final class OwnKernel extends KernelContender {
  private final KernelRun run;
  private final boolean counted;

  OwnKernel(Backend backend, KernelCase kernel) {
    super(backend.kind().id());
    run = new KernelRun(backend, kernel);
    counted = kernel.op() instanceof SoftNms;
  }

  @Override
  void run(int times) {
    for (int i = 0; i < times; i++) {
      run.run();
    }
  }

  @Override
  float[] output() {
    run.run();
    float[] output = run.floats(0);
    // The third output of Soft-NMS says how many scores there are.
    return counted ? Arrays.copyOf(output, run.integers(2)[0]) : output;
  }

  @Override
  public void close() {
    run.close();
  }
}
