package dev.detr4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Map;
import org.junit.jupiter.api.Test;
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
    assertEquals(8, all.size());
    all.forEach((name, described) -> {
      CommandLine alone = Main.commandLine(new String[] {name, "--help"});
      assertEquals(name.equals("help") ? 8 : 1, alone.getSubcommands().size(), name);
      assertEquals(described.getUsageMessage(), alone.getSubcommands().get(name).getUsageMessage());
    });
    assertEquals(8, Main.commandLine(new String[] {"--help", "detect"}).getSubcommands().size());
    assertEquals(8, Main.commandLine(new String[0]).getSubcommands().size());
  }

  @Test
  void unknownCommandIsAUsageError() {
    assertEquals(2, execute("no-such-command"));
    assertTrue(err.toString().contains("no-such-command"), err.toString());
  }

  @Test
  void noCommandIsAUsageError() {
    assertEquals(2, execute());
    assertTrue(err.toString().contains("Missing required subcommand"), err.toString());
  }
}
