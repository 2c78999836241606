package dev.detr4j.parity;

import dev.detr4j.checkpoint.SafetensorsFile;
import dev.detr4j.image.Normalisation;
import dev.detr4j.image.Preprocessing;
import java.nio.file.Path;
import java.util.List;

/** What becomes of each grey level: RT-DETR's rescaling, and the normalisation of DETR. */
final class NormalisationParity implements ParityCase.OnHost {
  private static final int LEVELS = 256;

  private final String path;
  private final Path samples;

  /** The tables of a {@code prepost/resized_samples_families.safetensors}. */
  NormalisationParity(String path, Path samples) {
    this.path = path;
    this.samples = samples;
  }

  @Override
  public String path() {
    return path;
  }

  @Override
  public List<StageResult> run() {
    try (SafetensorsFile stored = SafetensorsFile.open(samples)) {
      return List.of(
          compare(stored, "rescale_table.rt_detr", Normalisation.fused(0.00392156862745098, null)),
          compare(
              stored,
              "normalise_table.table_transformer",
              Preprocessing.standard().normalisation()));
    }
  }

  /** A table of one row stands for all channels. */
  private static StageResult compare(SafetensorsFile stored, String name, Normalisation rule) {
    double[] expected = StoredValues.doubles(stored, name);
    boolean fits = expected.length == LEVELS || expected.length == 3 * LEVELS;
    double worst = fits ? 0 : Double.NaN;
    for (int i = 0; fits && i < 3 * LEVELS; i++) {
      worst = OpRun.worst(worst, rule.table()[i], expected[i % expected.length]);
    }
    return new StageResult(name, worst, 0);
  }
}
