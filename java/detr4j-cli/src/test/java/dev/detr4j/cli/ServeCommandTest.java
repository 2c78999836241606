package dev.detr4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.model.codes.CodesModel;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** {@code detr4j serve}: settings, refusals and the self-check; the server has tests of its own. */
@Timeout(120)
class ServeCommandTest {
  @TempDir Path folder;

  private static CliRun serve(Object... more) {
    String[] arguments = new String[more.length + 1];
    arguments[0] = "serve";
    for (int i = 0; i < more.length; i++) {
      arguments[i + 1] = more[i].toString();
    }
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine commandLine = Main.commandLine(arguments);
    commandLine.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    int exit = commandLine.execute(arguments);
    return new CliRun(exit, out.toString(), err.toString());
  }

  @Test
  void checksItself() throws IOException {
    Path log = folder.resolve("access.log");
    Path token = Files.writeString(folder.resolve("token"), "secret\n");
    CliRun run =
        serve(
            "--once",
            "--port",
            0,
            "--warm-up",
            "64x64",
            "--sessions",
            1,
            "--access-log",
            log,
            "--token-file",
            token,
            "--model",
            "codes=" + CodesModel.folder());
    assertEquals(0, run.exit(), run.err());
    assertTrue(run.out().contains("status 200"), run.out());
    assertTrue(run.out().contains("\"model\":\"codes\""), run.out());
    assertTrue(run.err().contains("warming up codes"), run.err());
    List<String> lines = Files.readAllLines(log);
    assertEquals(1, lines.size());
    assertTrue(
        lines.getFirst().contains("\"method\":\"POST\",\"path\":\"/detect\",\"route\":\"detr4j\""),
        lines.getFirst());
  }

  /** Option over property over file over default; the name in the message tells which was read. */
  @Test
  void settingsHaveAnOrder() throws IOException {
    Path config =
        Files.writeString(folder.resolve("serve.properties"), "port=70000\nmax-body=5000\n");
    serve("--config", config).assertRefused(2, "--port is 70000");
    serve("--config=" + config, "--port", 0).assertRefused(2, "--max-body is 5000");
    System.setProperty("detr4j.serve.port", "80000");
    System.setProperty("detr4j.serve.max.body", "6000");
    try {
      serve("--config", config).assertRefused(2, "--port is 80000");
      serve("--config", config, "--port", 0).assertRefused(2, "--max-body is 6000");
      serve("--port", 0, "--max-body", 7000).assertRefused(2, "--max-body is 7000");
    } finally {
      System.clearProperty("detr4j.serve.port");
      System.clearProperty("detr4j.serve.max.body");
    }
  }

  /** A backslash that was lost would let other hosts match. */
  @Test
  void aFileKeepsBackslashes() throws IOException {
    Path config =
        Files.writeString(folder.resolve("serve.properties"), "# a\n\nallow-url = a\\.(\n");
    serve("--port", 0, "--config", config).assertRefused(2, "'a\\.(' is not a regular expression");
    Files.writeString(config, "port\n");
    serve("--config", config).assertRefused(2, "\"port\" is not NAME=VALUE");
  }

  @Test
  void settingsOfAFileAreKnown() throws IOException {
    Path config = Files.writeString(folder.resolve("serve.properties"), "queu=1\n");
    serve("--config", config).assertRefused(2, "unknown setting queu", "did you mean queue?");
    serve("--config", folder.resolve("none"))
        .assertRefused(2, "none cannot be read: there is no such file");
    assertEquals("detr4j.serve.max.body", ServeSettings.property("max-body"));
    assertEquals("DETR4J_SERVE_MAX_BODY", ServeSettings.variable("max-body"));
  }

  /** Each option is a setting, but those that are an action or belong to other commands too. */
  @Test
  void everyOptionIsASetting() {
    List<String> own =
        Arrays.stream(ServeCommand.class.getDeclaredFields())
            .filter(field -> field.isAnnotationPresent(CommandLine.Option.class))
            .map(field -> field.getAnnotation(CommandLine.Option.class).names())
            .map(names -> names[names.length - 1].substring(2))
            .filter(name -> !name.equals("once"))
            .sorted()
            .toList();
    assertEquals(List.copyOf(ServeSettings.NAMES), own);
  }

  @ParameterizedTest
  @CsvSource({
    "--timeout, 30, 2, 'is not a time such as 500ms, 30s or 2m'",
    "--warm-up, big, 2, 'is not a size such as 640x480'",
    "--allow-url, '(', 2, 'is not a regular expression'",
    "--threshold, 2, 2, '--threshold is 2.0, expected 0 to 1'",
    "--queue, -1, 2, '--queue is -1'",
    "--timeout, 0s, 2, '--timeout is 0'",
    "--timeout, 999999999m, 2, 'is more than a day'",
    "--model, a//b=x, 1, 'there is no such file or folder'",
    "--model, nowhere/at/all, 1, 'there is no such file or folder'",
    "--host, no.such.host.invalid, 1, 'there is no address of the name'",
    "--token-file, nowhere, 1, '--token-file: nowhere cannot be read: there is no such file'",
    "--token-file, /, 1, '--token-file: / cannot be read: Is a directory'",
    "--access-log, /nowhere/at/all.log, 1, '--access-log: /nowhere/at/all.log'",
    "--access-log, /, 1, '--access-log: /'",
  })
  void wrongOptionsAreOneLine(String option, String value, int exit, String words) {
    serve("--port", 0, option, value).assertRefused(exit, words);
  }

  @Test
  void anEmptyTokenIsNoToken() throws IOException {
    serve("--token-file", Files.writeString(folder.resolve("token"), " \n"))
        .assertRefused(1, "is empty");
  }

  @Test
  void twoModelsOfOneName() {
    serve("--model", "a=" + CodesModel.folder(), "--model", "a=" + CodesModel.folder())
        .assertRefused(1, "two models have the name a");
  }

  @Test
  void aPortInUse() throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      serve("--port", taken.getLocalPort())
          .assertRefused(1, "cannot listen on 127.0.0.1 port " + taken.getLocalPort());
    }
  }
}
