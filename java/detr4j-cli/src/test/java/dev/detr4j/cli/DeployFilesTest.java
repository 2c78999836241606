package dev.detr4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** The examples of examples/deploy name options, settings and routes that there are. */
class DeployFilesTest {
  private static final Path FOLDER = Path.of("../../examples/deploy");

  private static final Set<String> INSTRUCTIONS =
      Set.of("FROM", "RUN", "ADD", "COPY", "USER", "ENV", "EXPOSE", "ENTRYPOINT", "CMD");

  private static void assertOptions(List<String> words) {
    var serve = Main.commandLine(new String[] {"serve"}).getSubcommands().get("serve");
    for (String word : words) {
      if (word.startsWith("--")) {
        String name = word.replaceFirst("=.*", "");
        assertTrue(serve.getCommandSpec().optionsMap().containsKey(name), word);
      }
    }
  }

  private static void assertVariables(String text) {
    Pattern.compile("\\bDETR4J_[A-Z_]+")
        .matcher(text)
        .results()
        .forEach(
            found -> assertTrue(KnownSettings.VARIABLES.contains(found.group()), found.group()));
  }

  @Test
  void theDockerfileIsWellFormed() throws IOException {
    String text = Files.readString(FOLDER.resolve("Dockerfile"));
    assertVariables(text);
    List<String> instructions = new ArrayList<>();
    String entry = "";
    for (String line : text.replaceAll("\\\\\\n", "").lines().toList()) {
      if (line.isBlank() || line.startsWith("#")) {
        continue;
      }
      String[] words = line.strip().split("\\s+", 2);
      assertTrue(INSTRUCTIONS.contains(words[0]), line);
      instructions.add(words[0]);
      if (words[0].equals("ENTRYPOINT")) {
        entry = words[1];
      }
    }
    assertEquals("FROM", instructions.getFirst());
    assertTrue(instructions.contains("USER"), "runs as root");
    assertEquals("[\"/opt/detr4j/detr4j\", \"serve\"]", entry, "Java must get the signals");
  }

  @Test
  void theDeploymentProbesRoutesThatThereAre() throws IOException {
    String text = Files.readString(FOLDER.resolve("kubernetes.yaml"));
    String openApi;
    try (InputStream stream =
        Class.forName("dev.detr4j.serve.DetectionServer")
            .getResourceAsStream("page/openapi.json")) {
      openApi = new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    } catch (ClassNotFoundException e) {
      throw new AssertionError(e);
    }
    List<String> kinds = new ArrayList<>();
    for (Object document : new Yaml(new SafeConstructor(new LoaderOptions())).loadAll(text)) {
      Map<?, ?> map = (Map<?, ?>) document;
      kinds.add(map.get("kind").toString());
      if (map.get("kind").equals("Deployment")) {
        Map<?, ?> container =
            (Map<?, ?>) ((List<?>) at(map, "spec.template.spec.containers")).getFirst();
        for (String probe : List.of("startupProbe", "readinessProbe", "livenessProbe")) {
          String path = at(container, probe + ".httpGet.path").toString();
          assertTrue(openApi.contains('"' + path + '"'), path);
        }
        assertOptions(((List<?>) container.get("args")).stream().map(Object::toString).toList());
        assertTrue(
            (int) at(map, "spec.template.spec.terminationGracePeriodSeconds") > 35,
            "stop delay and stop time fit in");
      }
    }
    assertEquals(List.of("Deployment", "Service"), kinds);
  }

  private static Object at(Map<?, ?> map, String path) {
    Object here = map;
    for (String step : path.split("\\.", -1)) {
      here = ((Map<?, ?>) here).get(step);
    }
    return here;
  }

  @Test
  void theUnitIsWellFormed() throws IOException {
    String text = Files.readString(FOLDER.resolve("detr4j-serve.service"));
    assertVariables(text);
    List<String> sections = new ArrayList<>();
    for (String line : text.lines().toList()) {
      if (line.startsWith("[")) {
        sections.add(line);
      } else if (!line.isBlank() && !line.startsWith("#")) {
        assertTrue(line.matches("[A-Z][A-Za-z]+=.*"), line);
      }
      if (line.startsWith("ExecStart=")) {
        assertOptions(List.of(line.split(" ", -1)));
      }
    }
    assertEquals(List.of("[Unit]", "[Service]", "[Install]"), sections);
  }
}
