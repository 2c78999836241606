package dev.detr4j.cli;

import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.BackendSettings;
import dev.detr4j.backend.Precision;
import dev.detr4j.error.BackendException;
import dev.detr4j.parity.GoldenSet;
import dev.detr4j.parity.ParityCase;
import dev.detr4j.parity.ParityCases;
import dev.detr4j.parity.ParityRun;
import dev.detr4j.parity.ParityTarget;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Compares this build with stored outputs of the original implementations. */
@Command(
    name = "parity",
    mixinStandardHelpOptions = true,
    description = {
      "Compares this build with stored outputs of the original implementations.",
      "",
      "Runs every case of a golden set (manifest, weights by formula, stored outputs) on each backend and each"
          + " instruction set of this machine. Prints the largest absolute error and the tolerance of each stage. Cases"
          + " that this version cannot run are listed as not run and count neither as pass nor as miss."
    },
    optionListHeading = "%nOptions:%n",
    parameterListHeading = "%n",
    footer = {
      "",
      "A JVM runs backend vector in one width. To try another:",
      "  detr4j -Ddetr4j.vector.bits=256 parity DIR --backend vector",
      "",
      "Exit code 0: everything that was run is within its tolerance; 1: something is not."
    })
final class ParityCommand implements Callable<Integer>, Restart.Candidate {
  @Spec private CommandSpec spec;

  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "DIR",
      description = "The golden set. Default: weights/golden of this checkout.")
  private @Nullable Path folder;

  @Option(
      names = "--backend",
      paramLabel = "NAME",
      converter = EngineOptions.BackendName.class,
      description = "Run only this backend; it must work on this machine. May be repeated.")
  private @Nullable List<BackendKind> backends;

  @Option(
      names = "--isa",
      paramLabel = "TIER",
      description = "Run only this instruction set of the C library. May be repeated.")
  private @Nullable List<String> instructionSets;

  @Option(
      names = "--case",
      paramLabel = "PREFIX",
      description =
          "Run only cases whose path begins with PREFIX, such as models/hf_ or msda. May be repeated.")
  private @Nullable List<String> prefixes;

  @Option(
      names = "--threads",
      paramLabel = "N",
      converter = EngineOptions.AtLeastOne.class,
      description = "Number of computing threads. Default: all processors.")
  private @Nullable Integer threads;

  @Option(
      names = "--precision",
      paramLabel = "NAME",
      converter = EngineOptions.PrecisionName.class,
      description =
          "@|bold fp32|@, or tf32 or bf16: their errors beside the tolerances of fp32, which they miss. bf16 runs on"
              + " the best instruction set of the C library, or on those of --isa; with --backend cuda, both run there.")
  private Precision precision = Precision.FP32;

  @Option(
      names = "--worst",
      description =
          "Print only the worst stage of each case and backend. Misses are printed in full.")
  private boolean worst;

  ParityCommand() {}

  @Override
  public boolean needsVectorApi() {
    if (precision != Precision.FP32) {
      return false;
    }
    return backends == null ? instructionSets == null : backends.contains(BackendKind.VECTOR);
  }

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    GoldenSet set = GoldenSet.open(folder());
    List<ParityCase> cases = ParityCases.of(set, prefixes == null ? List.of() : prefixes);
    if (cases.isEmpty()) {
      throw new ParameterException(
          spec.commandLine(),
          "no case of "
              + set.folder()
              + (prefixes == null ? "" : " begins with " + String.join(" or ", prefixes)));
    }
    List<ParityTarget> targets = targets(err);
    ParityTable table = new ParityTable(out, cases, targets, worst);
    table.header();
    ParityRun.run(cases, targets, table::add);
    table.summary();
    return table.fails() ? 1 : 0;
  }

  private Path folder() {
    if (folder != null) {
      return folder;
    }
    String home = System.getProperty("detr4j.home");
    if (home == null) {
      throw new ParameterException(spec.commandLine(), "Missing required parameter: DIR");
    }
    return Path.of(home, "weights", "golden");
  }

  private List<ParityTarget> targets(PrintWriter err) {
    int count = BackendSettings.ofProcess().options(threads, null, null, null).threads();
    List<ParityTarget> targets = new ArrayList<>();
    if (precision != Precision.FP32) {
      return roundedTargets(count);
    }
    if (backends != null) {
      for (BackendKind kind : new LinkedHashSet<>(backends)) {
        if (kind == BackendKind.AUTO) {
          throw new ParameterException(
              spec.commandLine(),
              "--backend auto: name a backend, or leave the option out for all");
        }
        targets.addAll(tiers(kind, count));
      }
    } else if (instructionSets != null) {
      targets.addAll(tiers(BackendKind.C, count));
    } else {
      targets.addAll(
          ParityTarget.available(
              count, line -> err.println("detr4j: " + Terminal.printable(line))));
    }
    if (targets.isEmpty()) {
      throw new BackendException("no backend can be used here");
    }
    return targets;
  }

  /**
   * Those whose products are not fp32: the C library's, or those of the backends that were named.
   */
  private List<ParityTarget> roundedTargets(int count) {
    List<BackendKind> kinds =
        backends != null
            ? backends
            : List.of(precision == Precision.TF32 ? BackendKind.CUDA : BackendKind.C);
    List<ParityTarget> targets = new ArrayList<>();
    for (BackendKind kind : new LinkedHashSet<>(kinds)) {
      List<@Nullable String> tiers = new ArrayList<>();
      if (kind == BackendKind.C && instructionSets != null) {
        tiers.addAll(new LinkedHashSet<>(instructionSets));
      } else {
        tiers.add(null);
      }
      for (String tier : tiers) {
        targets.add(ParityTarget.of(kind, precision, tier, count));
      }
    }
    return targets;
  }

  private List<ParityTarget> tiers(BackendKind kind, int count) {
    if (kind != BackendKind.C || instructionSets == null) {
      return ParityTarget.tiersOf(kind, count);
    }
    List<ParityTarget> targets = new ArrayList<>();
    for (String tier : new LinkedHashSet<>(instructionSets)) {
      targets.add(ParityTarget.of(kind, tier, count));
    }
    return targets;
  }
}
