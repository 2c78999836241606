package dev.detr4j.bench.peer;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** Speaks as the Python contender does, with made-up answers, so that no test needs Python. */
final class FixtureProcess {
  /** Two queries, three classes. */
  static final float[] LOGITS = {1, 2, 3, 4, 5, 6};

  static final float[] BOXES = {.1f, .2f, .3f, .4f, .5f, .6f, .7f, .8f};

  private FixtureProcess() {}

  static List<String> command(String behaviour) {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-cp",
        System.getProperty("java.class.path"),
        FixtureProcess.class.getName(),
        behaviour);
  }

  public static void main(String[] arguments) throws IOException {
    OutputStream out = System.out;
    switch (arguments[0]) {
      case "no torch" -> {
        print(out, "error ModuleNotFoundError: No module named 'torch'\n");
        return;
      }
      case "silent" -> System.exit(7);
      default -> print(out, "ready PyTorch of the fixture\n");
    }
    BufferedReader requests =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = requests.readLine(); line != null; line = requests.readLine()) {
      if (line.equals("run")) {
        if (arguments[0].equals("dies")) {
          System.exit(3);
        }
        print(out, "2000000000 3000000000\n");
      } else {
        print(out, "2 3\n");
        ByteBuffer bytes = ByteBuffer.allocate(4 * 14).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(LOGITS).put(BOXES);
        out.write(bytes.array());
        out.flush();
      }
    }
  }

  private static void print(OutputStream out, String line) throws IOException {
    out.write(line.getBytes(StandardCharsets.UTF_8));
    out.flush();
  }
}
