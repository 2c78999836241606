package dev.detr4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProfileCommandTest {
  @TempDir Path folder;

  @Test
  void textHasStagesOperationsAndSteps() throws IOException {
    Path picture = folder.resolve("roofline.png");
    CliRun run = profile("--top", "3", "--picture", picture);
    assertEquals(0, run.exit(), run.err());
    for (String line :
        List.of(
            "(?m)^stage  .*time ms .*GFLOP/s .*GB/s .*of peak",
            "(?m)^preprocessing .* [\\d.]+ %",
            "(?m)^backbone .* [\\d.]+ %",
            "(?m)^input projections .* [\\d.]+ %",
            "(?m)^encoder .* [\\d.]+ %",
            "(?m)^decoder .* [\\d.]+ %",
            "(?m)^heads .* [\\d.]+ %",
            "(?m)^all steps .*100.0 %",
            "(?m)^whole call ",
            "(?m)^operation ",
            "(?m)^MsDeformAttention ",
            "(?m)^step, slowest first ",
            "(?m)^peaks in this run: [\\d.]+ GFLOP/s, [\\d.]+ GB/s \\(",
            "(?m)^\\d+ more steps take ")) {
      assertTrue(run.out().split(line, -1).length == 2, line + " in " + run.out());
    }
    assertTrue(!run.out().contains("counted"), run.out()); // that is for devices
    assertTrue(!run.out().contains("NaN") && !run.out().contains("\nother "), run.out());
    int steps = 0;
    for (String line : run.out().substring(run.out().indexOf("step, slowest")).lines().toList()) {
      steps += line.contains(" to 1x") ? 1 : 0;
    }
    assertEquals(3, steps, run.out());

    BufferedImage drawn = ImageIO.read(picture.toFile());
    Set<Integer> colours = new HashSet<>();
    for (int y = 0; y < drawn.getHeight(); y++) {
      for (int x = 0; x < drawn.getWidth(); x++) {
        colours.add(drawn.getRGB(x, y));
      }
    }
    assertTrue(colours.size() > 100, "bars, circles and smooth text: " + colours.size());
    assertEquals(List.of("model", "photo.png", "roofline.png"), CliRun.names(folder));
  }

  /** On the emulated device, counts stand beside times that mean nothing. */
  @Test
  void onADeviceKernelsAndBytesAreCounted() throws IOException {
    Path built = Path.of("../../native/target/build/cuda").toAbsolutePath().normalize();
    assumeTrue(
        Files.exists(built.resolve(System.mapLibraryName("detr4j_cuda_emulated"))),
        "no emulated CUDA library was built");
    System.setProperty("detr4j.cuda", "emulated");
    System.setProperty("detr4j.cuda.path", built.toString());
    try {
      CliRun text = profileOn("cuda");
      assertEquals(0, text.exit(), text.err());
      assertTrue(
          text.out()
              .matches(
                  "(?s).*\\ncounted, not measured: \\d+ kernels, \\d+ MB, [\\d.]+ ms on an NVIDIA"
                      + " H200 .*"),
          text.out());
      CliRun json = profileOn("cuda", "--format", "json");
      assertEquals(0, json.exit(), json.err());
      Counted counted = Counted.of(json.out());
      assertEquals(List.of("kernels", "bytes", "ns", "what"), counted.fields);
      // One network, so the text says the same.
      assertTrue(text.out().contains("\n" + counted.what), counted.what + " in " + text.out());
      assertTrue(counted.what.contains(": " + counted.kernels + " kernels, "), counted.what);
      assertTrue(
          counted.what.contains(
              " %d MB, %.2f ms "
                  .formatted(Math.round(counted.bytes / 1e6), counted.nanoseconds / 1e6)),
          counted.what);
    } finally {
      System.clearProperty("detr4j.cuda");
      System.clearProperty("detr4j.cuda.path");
    }
  }

  /** The section of a profile on a device. */
  private record Counted(
      List<String> fields, long kernels, long bytes, long nanoseconds, String what) {
    static Counted of(String text) throws IOException {
      List<String> fields = new ArrayList<>();
      Map<String, String> values = new HashMap<>();
      try (JsonParser json = new JsonFactory().createParser(text)) {
        while (!"counted".equals(json.currentName())) {
          assertNotNull(json.nextToken(), text);
        }
        assertEquals(JsonToken.START_OBJECT, json.nextToken());
        while (json.nextToken() == JsonToken.FIELD_NAME) {
          fields.add(json.currentName());
          json.nextToken();
          values.put(json.currentName(), json.getText());
        }
      }
      return new Counted(
          fields,
          Long.parseLong(values.getOrDefault("kernels", "")),
          Long.parseLong(values.getOrDefault("bytes", "")),
          Long.parseLong(values.getOrDefault("ns", "")),
          values.getOrDefault("what", ""));
    }
  }

  @Test
  void jsonHasEveryStepWithItsNumbers() throws IOException {
    CliRun run = profile("--format", "json", "--top", "1");
    assertEquals(0, run.exit(), run.err());
    List<String> top = new ArrayList<>();
    List<String> fields = new ArrayList<>();
    int steps = 0;
    double shares = 0;
    try (JsonParser json = new JsonFactory().createParser(run.out())) {
      String section = "";
      int depth = 0;
      for (JsonToken token = json.nextToken(); token != null; token = json.nextToken()) {
        if (token.isStructStart()) {
          depth++;
          steps += depth == 3 && section.equals("steps") ? 1 : 0;
        } else if (token.isStructEnd()) {
          depth--;
        } else if (token == JsonToken.FIELD_NAME && depth == 1) {
          section = json.currentName();
          top.add(section);
        } else if (token == JsonToken.FIELD_NAME && section.equals("steps") && steps == 1) {
          fields.add(json.currentName());
        } else if (token.isNumeric()
            && section.equals("stages")
            && "share".equals(json.currentName())) {
          shares += json.getDoubleValue();
        }
      }
    }
    assertEquals(
        List.of(
            "model",
            "image",
            "backend",
            "rounds",
            "warm_up",
            "other_processes",
            "peaks",
            "call",
            "stages",
            "operations",
            "steps"),
        top);
    assertTrue(steps > 50, "steps: " + steps);
    // Medians of sums and sums of medians differ a little.
    assertTrue(shares > 0.2 && shares < 5, "shares: " + shares);
    assertEquals(
        List.of(
            "name",
            "stage",
            "operation",
            "inputs",
            "outputs",
            "median_ns",
            "min_ns",
            "max_ns",
            "share",
            "flops",
            "bytes",
            "flops_per_s",
            "bytes_per_s",
            "of_peak",
            "bound_by"),
        fields);
  }

  private CliRun profile(Object... more) throws IOException {
    return profileOn("vector", more);
  }

  private CliRun profileOn(String backend, Object... more) throws IOException {
    Path model = folder.resolve("model");
    List<Object> arguments =
        new ArrayList<>(
            List.of(
                "profile",
                CliRun.image(folder.resolve("photo.png"), 120, 80),
                "--model",
                Files.exists(model) ? model : CliRun.smallModel(model),
                "--backend",
                backend,
                "--threads",
                "2",
                "--rounds",
                "3"));
    arguments.addAll(List.of(more));
    return CliRun.of(arguments.toArray());
  }

  @Test
  void mistakesAreOneLine() throws IOException {
    Path photo = CliRun.image(folder.resolve("photo.png"), 8, 8);
    CliRun.of("profile", photo, "--picture", "roofline.gif")
        .assertRefused(2, "roofline.gif", ".png");
    CliRun.of("profile", photo, "--rounds", "0").assertRefused(2, "--rounds", "at least 1");
    CliRun.of("profile", photo, "--top", "-1").assertRefused(2, "--top");
    CliRun.of("profile", folder.resolve("none.png")).assertRefused(1, "none.png");
    CliRun.of("profile").assertRefused(2, "IMAGE");
  }
}
