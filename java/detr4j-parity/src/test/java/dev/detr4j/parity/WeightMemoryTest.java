package dev.detr4j.parity;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.Detections;
import dev.detr4j.Detector;
import dev.detr4j.DetectorSession;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.error.CheckpointException;
import dev.detr4j.image.ImageView;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * How often weights are read from their file, and what of the file stays in memory; on one backend,
 * because all of the host pack and keep their weights by the same code.
 */
class WeightMemoryTest {
  private static final Path MAPS = Path.of("/proc/self/smaps");
  private static final ImageView PICTURE = SmallModel.picture(96, 64, 11);

  @TempDir Path folder;

  @Test
  void theMappedFileIsLetGoWhenItsWeightsArePacked() throws IOException {
    Assumptions.assumeTrue(Files.exists(MAPS), "mappings are read from /proc, which is not here");
    Path model = SmallModel.writeBelow(folder);
    Path file = model.resolve("model.safetensors").toRealPath();
    try (Detector detector = open(model)) {
      assertTrue(mapped(file, "Size") >= Files.size(file));
      for (int i = 0; i < 2; i++) {
        try (DetectorSession session = detector.newSession()) {
          scores(session);
        }
        assertEquals(0, mapped(file, "Rss"), "bytes of the checkpoint in memory");
      }
    }
    assertEquals(0, mapped(file, "Size"), "the file is unmapped");
  }

  /** The file is spoiled once the first session has run: whoever reads a weight again says so. */
  @Test
  void sessionsShareThePackedWeights() throws IOException {
    Path model = SmallModel.writeBelow(folder);
    try (Detector detector = open(model);
        DetectorSession first = detector.newSession()) {
      float[] expected = scores(first);
      assertTrue(expected.length > 0);
      spoil(model.resolve("model.safetensors"));
      for (int i = 0; i < 3; i++) {
        try (DetectorSession next = detector.newSession()) {
          assertArrayEquals(expected, scores(next), 0f);
        }
      }
    }
    try (Detector again = open(model);
        DetectorSession session = again.newSession()) {
      assertThrows(CheckpointException.class, () -> scores(session));
    }
  }

  /** Every number of every tensor becomes NaN, under the mapping of whoever has the file open. */
  private static void spoil(Path file) throws IOException {
    try (RandomAccessFile content = new RandomAccessFile(file.toFile(), "rw")) {
      long header = 8 + Long.reverseBytes(content.readLong());
      byte[] nans = new byte[Math.toIntExact(content.length() - header)];
      Arrays.fill(nans, (byte) 0xff);
      content.seek(header);
      content.write(nans);
    }
  }

  private static float[] scores(DetectorSession session) {
    Detections found = session.newDetections();
    session.detect(PICTURE, found, 0);
    float[] scores = new float[found.size()];
    for (int i = 0; i < scores.length; i++) {
      scores[i] = found.score(i);
    }
    return scores;
  }

  private static Detector open(Path model) {
    return TestBackends.build(Detector.builder(model).threads(2), BackendKind.C);
  }

  /** Bytes of one kind over all mappings of a file. */
  private static long mapped(Path file, String kind) throws IOException {
    long bytes = 0;
    boolean ours = false;
    for (String line : Files.readAllLines(MAPS)) {
      if (line.matches("[0-9a-f]+-[0-9a-f]+ .*")) {
        ours = line.endsWith(" " + file);
      } else if (ours && line.startsWith(kind + ":")) {
        bytes += Long.parseLong(line.replaceAll("\\D", "")) << 10;
      }
    }
    return bytes;
  }
}
