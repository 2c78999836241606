package dev.detr4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class MainTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int execute(String... arguments) {
    CommandLine commandLine = Main.commandLine();
    commandLine.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    return commandLine.execute(arguments);
  }

  @Test
  void versionIsTheBuilds() {
    assertEquals(0, execute("--version"));
    assertTrue(out.toString().matches("(?s)detr4j \\d+\\.\\d+\\.\\d+.*Java \\d.*"), out.toString());
  }

  @Test
  void helpNamesTheCommand() {
    assertEquals(0, execute("--help"));
    assertTrue(out.toString().startsWith("Usage: detr4j "), out.toString());
  }

  /** A command that is described alone reads as it does among the others. */
  @Test
  void eachCommandCanBeDescribedAlone() {
    Map<String, CommandLine> all = Main.commandLine().getSubcommands();
    assertEquals(13, all.size());
    all.forEach((name, described) -> {
      CommandLine alone = Main.commandLine(new String[] {name, "--help"});
      assertEquals(name.equals("help") ? 13 : 1, alone.getSubcommands().size(), name);
      assertEquals(described.getUsageMessage(), alone.getSubcommands().get(name).getUsageMessage());
    });
    assertEquals(13, Main.commandLine(new String[] {"--help", "detect"}).getSubcommands().size());
    assertEquals(13, Main.commandLine(new String[0]).getSubcommands().size());
  }

  @Test
  void unknownCommandIsAUsageError() {
    assertEquals(2, execute("no-such-command"));
    assertTrue(err.toString().contains("no-such-command"), err.toString());
  }

  /** The right of each arrow is the one line; what is like nothing gets no suggestion. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "detct photo.jpg -> unknown command 'detct' (did you mean 'detect'?); see detr4j --help",
        "biuld -> unknown command 'biuld' (did you mean 'build'?); see detr4j --help",
        "foo -> unknown command 'foo'; see detr4j --help",
        "help detct -> unknown command 'detct' (did you mean 'detect'?); see detr4j --help",
        "models fech -> unknown command 'fech' (did you mean 'fetch'?); see detr4j models --help",
        "detect a.png --modle b -> unknown option '--modle' (did you mean '--model'?); see detr4j detect --help",
        "detect a.png --treshold=1"
            + " -> unknown option '--treshold=1' (did you mean '--threshold'?); see detr4j detect --help",
        "detect a.png --fromat csv -> unknown option '--fromat' (did you mean '--format'?); see detr4j detect --help",
        "detect a.png --softnms -> unknown option '--softnms' (did you mean '--soft-nms'?); see detr4j detect --help",
        "detect a.png --conf 1 -> unknown option '--conf'; see detr4j detect --help",
        "detect a.png -q -> unknown option '-q'; see detr4j detect --help",
        "--detect -> unknown option '--detect'; see detr4j --help",
        "profile a.png b.png -> unexpected argument 'b.png'; see detr4j profile --help",
        "build -DskipTests x -> build is a command of the launcher; run ./detr4j build; see detr4j build --help",
      })
  void aTypoGetsASuggestion(String example) {
    String[] sides = example.split(" -> ", -1);
    assertEquals(2, execute(sides[0].split(" ", -1)));
    assertEquals("detr4j: " + sides[1], err.toString().strip());
    assertEquals("", out.toString());
  }

  /** How wide a terminal is, picocli finds out; a test has none, and gets 100 columns. */
  @Test
  void helpIsAsWideAsTheTerminal() {
    Main.commandLine()
        .getSubcommands()
        .forEach((name, command) -> {
          assertTrue(command.isUsageHelpAutoWidth(), name);
          assertEquals(100, command.getUsageHelpWidth(), name);
        });
  }

  @Test
  void launcherCommandsAreListedAndDescribed() {
    assertEquals(0, execute("--help"));
    assertTrue(out.toString().contains("\n  verify "), out.toString());
    out.getBuffer().setLength(0);
    assertEquals(0, execute("help", "bench"));
    assertTrue(out.toString().startsWith("Usage: ./detr4j bench"), out.toString());
  }

  @Test
  void noCommandIsAUsageError() {
    assertEquals(2, execute());
    assertTrue(err.toString().contains("Missing required subcommand"), err.toString());
  }
}
