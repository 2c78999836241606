package dev.detr4j.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.detr4j.Detections;
import dev.detr4j.Detector;
import dev.detr4j.DetectorSession;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.image.ImageView;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The same input gives the same bits, whether the kernels of {@code vector} are interpreted,
 * freshly compiled or hot: a service must not see scores move in the minutes after its start.
 */
class CompilersAgreeTest {
  @Test
  void theFirstCallEqualsTheFourHundredth(@TempDir Path folder) throws Exception {
    String model = SmallModel.writeBelow(folder).toString();
    List<String> results = run(model, 400);
    assertEquals(1, results.size(), "results of one input: " + results);
    assertEquals(results, run(model, 20, "-XX:TieredStopAtLevel=1"), "compiled by C1 only");
  }

  /** The different results that a JVM of its own printed. */
  private static List<String> run(String model, int calls, String... options) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(Arrays.asList(options));
    command.addAll(
        List.of("--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(Calls.class.getName(), model, Integer.toString(calls)));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), output);
    return output.lines().filter(line -> line.startsWith(Calls.MARK)).distinct().toList();
  }

  /** Detects in one picture again and again. */
  static final class Calls {
    static final String MARK = "bits ";

    private Calls() {}

    /**
     * Prints a line for each call.
     *
     * @param args folder of the model, number of calls
     */
    public static void main(String[] args) {
      ImageView picture = SmallModel.picture(96, 64, 11);
      try (Detector detector =
              Detector.builder(Path.of(args[0])).backend(BackendKind.VECTOR).threads(2).build();
          DetectorSession session = detector.newSession()) {
        Detections found = session.newDetections();
        for (int call = 0; call < Integer.parseInt(args[1]); call++) {
          session.detect(picture, found, 0);
          System.out.println(MARK + Arrays.hashCode(numbers(found)));
        }
      }
    }

    private static float[] numbers(Detections found) {
      float[] numbers = new float[6 * found.size()];
      for (int i = 0; i < found.size(); i++) {
        numbers[6 * i] = found.score(i);
        numbers[6 * i + 1] = found.xMin(i);
        numbers[6 * i + 2] = found.yMin(i);
        numbers[6 * i + 3] = found.xMax(i);
        numbers[6 * i + 4] = found.yMax(i);
        numbers[6 * i + 5] = found.labelId(i);
      }
      return numbers;
    }
  }
}
