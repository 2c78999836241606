package dev.detr4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A network that computes NaN does not end as "0 detections" without a word. */
class OutputWarningTest {
  @TempDir private Path folder;

  @Test
  void everyImageGetsALine() throws IOException {
    Path model = CliRun.smallModel(folder.resolve("model"));
    overflow(model.resolve("model.safetensors"), "model.decoder.layers.0.fc1.weight");
    Path a = CliRun.image(folder.resolve("a.png"), 90, 60);
    Path b = CliRun.image(folder.resolve("b.png"), 60, 90);
    CliRun run = CliRun.of("detect", a, b, "-m", model, "--format", "csv");
    assertEquals(0, run.exit(), run.err());
    assertEquals(List.of(line(a), line(b)), run.err().lines().toList());
  }

  private static String line(Path image) {
    return "detr4j: "
        + image
        + ": the network's output holds NaN or infinity, so detections are missing or wrong; first seen in the"
        + " output of step decoder.0.ffn.fc1 (Linear)";
  }

  /** Makes every value of an fp32 tensor so large that the first product is infinite. */
  private static void overflow(Path file, String tensor) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    int headerBytes = Math.toIntExact(bytes.getLong(0));
    String header = new String(bytes.array(), 8, headerBytes, StandardCharsets.UTF_8);
    Matcher place =
        Pattern.compile(
                Pattern.quote("\"" + tensor + "\"") + "[^}]*_offsets\": *\\[(\\d+), *(\\d+)")
            .matcher(header);
    assertTrue(place.find(), tensor);
    for (int at = Integer.parseInt(place.group(1));
        at < Integer.parseInt(place.group(2));
        at += Float.BYTES) {
      bytes.putFloat(8 + headerBytes + at, 3e38f);
    }
    Files.write(file, bytes.array());
  }
}
