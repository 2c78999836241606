package dev.detr4j.bench;

import dev.detr4j.bench.peer.Circumstances;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** A report in Markdown, printed as it grows and, where the user asks for it, kept in a file. */
public final class KeptReport {
  private static final DateTimeFormatter STAMP = DateTimeFormatter.ofPattern("yyyyMMdd-HHmm");

  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  @Option(
      names = "--results",
      paramLabel = "DIR",
      description = "Keep the table in a file of this folder too.")
  private @Nullable Path results;

  private final List<String> lines = new ArrayList<>();

  /** For picocli, as a mixin. */
  public KeptReport() {}

  /**
   * The title and the circumstances; the folder of the file before them, since nobody wants to
   * learn after minutes of measuring that it cannot be.
   *
   * @throws IOException when the folder cannot be made
   */
  public void begin(String title) throws IOException {
    if (results != null) {
      try {
        Files.createDirectories(results);
      } catch (IOException e) {
        throw new IOException("--results " + results + ": no folder can be made there", e);
      }
    }
    print("# " + title);
    print("");
    print("- " + Circumstances.machine());
    print("- " + Circumstances.java());
    print("- commit " + Circumstances.commit() + ", load before " + Circumstances.load());
  }

  /** Prints a line. */
  public void print(String line) {
    lines.add(line);
    spec.commandLine().getOut().println(line);
    spec.commandLine().getOut().flush();
  }

  /**
   * The load at the end; then the file {@code NAME-DATE-TIME.md}, if one is to be kept.
   *
   * @throws IOException when it cannot be written
   */
  public void end(String name) throws IOException {
    print("");
    print("Load after: " + Circumstances.load());
    if (results != null) {
      String stamp = OffsetDateTime.now(ZoneOffset.UTC).format(STAMP);
      Files.write(results.resolve(name + "-" + stamp + ".md"), lines);
    }
  }
}
