package dev.detr4j.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.detr4j.Detection;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The client that Hugging Face publishes, where Python has it: it sends raw bytes, and JSON. */
@Timeout(120)
class HuggingFaceClientTest {
  private static final String SCRIPT =
      """
      import json, sys
      from huggingface_hub import InferenceClient
      url, photo = sys.argv[1:]
      client = InferenceClient(model=url)
      for found in (client.object_detection(photo), client.object_detection(photo, threshold=0.5)):
          print(json.dumps([[each.label, each.score, each.box.xmin, each.box.ymin, each.box.xmax, each.box.ymax]
                            for each in found]))
      """;

  private record Ran(int code, String out) {}

  private static Ran python(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("python3", "-c"));
    command.addAll(List.of(arguments));
    try {
      Process process =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
      String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return new Ran(process.waitFor(), out);
    } catch (IOException e) {
      return new Ran(-1, "");
    }
  }

  @Test
  void getsWhatTheDetectorFinds() throws Exception {
    assumeTrue(
        python("import huggingface_hub").code == 0,
        "python3 has no huggingface_hub here: pip install huggingface_hub");
    try (ServedCodes served = new ServedCodes(settings -> settings)) {
      served.server.endpoint().warmUp(64, 64);
      Ran ran = python(SCRIPT, served.uri("/").toString(), ServedCodes.PHOTO.toString());
      assertEquals(0, ran.code, ran.out);
      List<String> answers = ran.out.lines().toList();
      List<Detection> expected = served.detector.detect(ServedCodes.PHOTO);
      assertEquals(2, answers.size());
      for (String answer : answers) {
        JsonValue found = JsonValue.of(answer);
        assertEquals(expected.size(), found.list().size());
        for (int i = 0; i < expected.size(); i++) {
          Detection each = expected.get(i);
          JsonValue same = found.at("[" + i + "]");
          assertEquals(each.label(), same.at("[0]").text());
          assertEquals(each.score(), same.at("[1]").number(), 1e-6);
          assertEquals((int) each.box().xMin(), (int) same.at("[2]").number());
          assertEquals((int) each.box().yMax(), (int) same.at("[5]").number());
        }
      }
    }
  }
}
