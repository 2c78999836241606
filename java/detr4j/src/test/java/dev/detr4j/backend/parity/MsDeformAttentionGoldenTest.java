package dev.detr4j.backend.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.backend.Backend;
import dev.detr4j.op.LevelShape;
import dev.detr4j.op.MsDeformAttention;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * {@link MsDeformAttention} of every backend against PyTorch in float64; see README.md beside the
 * files.
 */
class MsDeformAttentionGoldenTest {
  private static final double TOLERANCE = 1e-5;

  /** The extents of the levels of each file, height and width in turn. */
  private static final int[][] LEVELS = {
    {6, 4, 3, 2},
    {7, 5},
    {5, 9, 3, 5},
    {6, 8, 3, 4, 2, 2, 1, 1},
    {4, 4, 2, 3, 1, 2},
    {9, 3, 5, 2},
    {3, 3, 1, 7},
    {11, 13},
    {5, 7, 3, 4, 2, 2, 1, 1}
  };

  static Stream<Variant> variants() {
    // The other widths of vectors agree with the reference, see OpParityTest.
    return Variant.all().stream().filter(variant -> !variant.needsOwnJvm());
  }

  @ParameterizedTest
  @MethodSource("variants")
  void matchesPyTorch(Variant variant) {
    OpParityTest.assumeAvailable(variant);
    try (Backend backend = variant.open()) {
      for (int file = 0; file < LEVELS.length; file++) {
        Golden golden = new Golden(String.format("msda_%02d.safetensors", file));
        for (int referenceColumns : new int[] {2, 4}) {
          check(backend, variant, golden, levels(LEVELS[file]), referenceColumns);
        }
      }
    }
  }

  private static void check(
      Backend backend,
      Variant variant,
      Golden golden,
      List<LevelShape> levels,
      int referenceColumns) {
    int[] value = golden.shape("value");
    int[] loc = golden.shape("loc");
    int batch = value[0];
    int tokens = value[1];
    int heads = value[2];
    int headDim = value[3];
    int queries = loc[1];
    int points = loc[4];
    assertEquals(tokens, LevelShape.tokens(levels));
    int samples = levels.size() * points;
    // Reference points in the corner, boxes of size 1 around it: then the offsets alone place the
    // samples.
    double[] references = new double[batch * queries * referenceColumns];
    for (int i = 0; i < references.length; i++) {
      references[i] = i % referenceColumns < 2 ? 0 : 1;
    }
    double[] offsets = golden.values("loc");
    for (int i = 0; i < offsets.length; i++) {
      LevelShape level = levels.get(i / 2 / points % levels.size());
      offsets[i] *=
          referenceColumns == 4 ? 2 * points : i % 2 == 0 ? level.width() : level.height();
    }
    double[] ratios = new double[batch * levels.size() * 2];
    Arrays.fill(ratios, 1);
    // The stored weights are already a softmax, so their logarithms are logits that give them back.
    double[] logits = Arrays.stream(golden.values("weights")).map(Math::log).toArray();
    String name = golden.name + (referenceColumns == 2 ? " by points" : " by boxes");
    OpCase test =
        new CaseBuilder(name)
            .input(golden.values("value"), batch, tokens, heads * headDim)
            .input(offsets, batch, queries, heads * samples * 2)
            .input(logits, batch, queries, heads * samples)
            .input(references, batch, queries, referenceColumns)
            .denseInput(ratios, batch, levels.size(), 2)
            .build(
                new MsDeformAttention(heads, headDim, levels, points, referenceColumns),
                new Tolerance(TOLERANCE, 1e-10));
    try (CaseMemory memory = CaseMemory.of(backend)) {
      List<double[]> actual = CaseRun.run(backend, test, CaseRun.Layout.PACKED, memory);
      Comparison.check(test, variant.toString(), List.of(golden.values("out")), actual);
    }
  }

  private static List<LevelShape> levels(int[] extents) {
    List<LevelShape> levels = new ArrayList<>();
    for (int i = 0; i < extents.length; i += 2) {
      levels.add(new LevelShape(extents[i], extents[i + 1]));
    }
    return levels;
  }

  /** A stored file: a length, a JSON header, then the tensors. */
  private static final class Golden {
    private final String name;
    private final ByteBuffer bytes;
    private final String header;

    Golden(String name) {
      this.name = name;
      try (InputStream in =
          MsDeformAttentionGoldenTest.class.getResourceAsStream(
              "/dev/detr4j/backend/msda/" + name)) {
        assertTrue(in != null, () -> "missing resource " + name);
        bytes = ByteBuffer.wrap(in.readAllBytes()).order(ByteOrder.LITTLE_ENDIAN);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      header = new String(bytes.array(), 8, (int) bytes.getLong(0), StandardCharsets.UTF_8);
    }

    private Matcher entry(String tensor) {
      Matcher matcher =
          Pattern.compile(
                  "\""
                      + tensor
                      + "\":\\{\"dtype\":\"F64\",\"shape\":\\[([0-9,]*)],\"data_offsets\":\\[(\\d+),(\\d+)]")
              .matcher(header.replace(" ", ""));
      assertTrue(matcher.find(), () -> name + " has no tensor " + tensor + ": " + header);
      return matcher;
    }

    int[] shape(String tensor) {
      return Arrays.stream(entry(tensor).group(1).split(",", -1))
          .mapToInt(Integer::parseInt)
          .toArray();
    }

    double[] values(String tensor) {
      Matcher entry = entry(tensor);
      int begin = Integer.parseInt(entry.group(2));
      int end = Integer.parseInt(entry.group(3));
      int dataStart = 8 + (int) bytes.getLong(0);
      DoubleBuffer doubles =
          bytes
              .slice(dataStart + begin, end - begin)
              .order(ByteOrder.LITTLE_ENDIAN)
              .asDoubleBuffer();
      double[] values = new double[doubles.remaining()];
      doubles.get(values);
      return values;
    }
  }
}
