package dev.detr4j.parity;

import dev.detr4j.backend.Backend;
import dev.detr4j.checkpoint.SafetensorsFile;
import dev.detr4j.json.JsonObject;
import dev.detr4j.op.LevelShape;
import dev.detr4j.op.MsDeformAttention;
import dev.detr4j.tensor.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Multi-scale deformable attention against PyTorch in float64, the locations given as points and as
 * boxes.
 *
 * <p>Stored are locations and softmaxed weights, the operation takes offsets and logits. Reference
 * points in the corner, or boxes of size 1 around it, leave the place of a sample to its offset
 * alone, and the logarithms of weights are logits that give them back.
 */
final class AttentionParity implements ParityCase.OnBackend {
  private static final double TOLERANCE = 1e-5;

  private final String path;
  private final Path file;
  private final JsonObject entry;

  /** A case of {@code msda/index.json}. */
  AttentionParity(String path, Path file, JsonObject entry) {
    this.path = path;
    this.file = file;
    this.entry = entry;
  }

  @Override
  public String path() {
    return path;
  }

  @Override
  public List<StageResult> run(Backend backend) {
    List<LevelShape> levels = new ArrayList<>();
    for (List<Integer> size : entry.integerLists("shapes_hw")) {
      if (size.size() != 2 || size.get(0) < 1 || size.get(1) < 1) {
        throw entry.wrong("shapes_hw holds " + size + ", expected [height, width]");
      }
      levels.add(new LevelShape(size.get(0), size.get(1)));
    }
    try (SafetensorsFile stored = SafetensorsFile.open(file)) {
      return List.of(
          stage(backend, stored, levels, "by points", 2),
          stage(backend, stored, levels, "by boxes", 4));
    }
  }

  private StageResult stage(
      Backend backend,
      SafetensorsFile stored,
      List<LevelShape> levels,
      String name,
      int referenceColumns) {
    Shape value = stored.tensor("value").shape();
    Shape loc = stored.tensor("loc").shape();
    if (value.rank() != 4 || loc.rank() != 6) {
      throw entry.wrong(
          "value is %s and loc %s, expected [N, S, heads, D] and [N, Q, heads, L, P, 2]"
              .formatted(value, loc));
    }
    int batch = value.get(0);
    int heads = value.get(2);
    int headDim = value.get(3);
    int queries = loc.get(1);
    int points = loc.get(4);
    int samples = levels.size() * points;
    double[] offsets = StoredValues.doubles(stored, "loc");
    for (int i = 0; i < offsets.length; i++) {
      LevelShape level = levels.get(i / 2 / points % levels.size());
      offsets[i] *=
          referenceColumns == 4 ? 2 * points : i % 2 == 0 ? level.width() : level.height();
    }
    float[] references = new float[batch * queries * referenceColumns];
    for (int i = 0; i < references.length; i++) {
      references[i] = i % referenceColumns < 2 ? 0 : 1;
    }
    float[] ratios = new float[batch * levels.size() * 2];
    Arrays.fill(ratios, 1);
    double[] logits =
        Arrays.stream(StoredValues.doubles(stored, "weights")).map(Math::log).toArray();
    double[] expected = StoredValues.doubles(stored, "out");
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment actual =
          OpRun.run(
                  backend,
                  path,
                  new MsDeformAttention(heads, headDim, levels, points, referenceColumns),
                  List.of(
                      OpRun.Input.of(
                          Shape.of(batch, value.get(1), heads * headDim),
                          StoredValues.doubles(stored, "value")),
                      OpRun.Input.of(Shape.of(batch, queries, heads * samples * 2), offsets),
                      OpRun.Input.of(Shape.of(batch, queries, heads * samples), logits),
                      OpRun.Input.of(Shape.of(batch, queries, referenceColumns), references),
                      OpRun.Input.of(Shape.of(batch, levels.size(), 2), ratios)),
                  arena)
              .get(0);
      if (expected.length != actual.byteSize() / 4) {
        throw entry.wrong(
            "out has " + expected.length + " elements, expected " + actual.byteSize() / 4);
      }
      double worst = 0;
      for (int i = 0; i < expected.length; i++) {
        worst = OpRun.worst(worst, OpRun.at(actual, i), expected[i]);
      }
      return new StageResult(name, worst, TOLERANCE);
    }
  }
}
