package dev.detr4j.bench.train;

import dev.detr4j.bench.ChildJvm;
import dev.detr4j.bench.KeptReport;
import dev.detr4j.bench.peer.InterleavedRounds;
import dev.detr4j.bench.peer.Timings;
import dev.detr4j.bench.peer.Turn;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * Times a step of a training, beside PyTorch where a Python is named: the same weights, batch and
 * losses, interleaved. Before anything counts, the losses of the first step are compared. Then says
 * what the parts of a step take, and the memory of each in a process of its own.
 */
@Command(
    name = "train-step",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Times a step of a training, its parts and its memory, beside PyTorch if wanted.",
    footer = {
      "",
      "Examples:",
      "  detr4j bench train-step --python ~/detr4j-peers/bin/python",
      "  detr4j bench train-step -m DIR --size 600x800 --batch 1 --train no-backbone --operations",
    })
public final class MeasureTraining implements Callable<Integer> {
  /** Relative difference of the losses of one step: sums of float32 in other orders. */
  private static final double TOLERANCE = 1e-4;

  @Spec private CommandSpec spec;

  @Option(
      names = {"-m", "--model"},
      defaultValue = "${sys:detr4j.home:-.}/weights/codes/model",
      paramLabel = "DIR",
      description = "A folder of Hugging Face's. Default: ${DEFAULT-VALUE}.")
  private Path model;

  @Option(
      names = "--size",
      defaultValue = "384x384",
      paramLabel = "HxW",
      description = "Height and width of every image. Default: ${DEFAULT-VALUE}.")
  private String size;

  @Option(
      names = "--batch",
      defaultValue = "8",
      paramLabel = "N",
      description = "Images of a step. Default: ${DEFAULT-VALUE}.")
  private int batch;

  @Option(
      names = "--train",
      defaultValue = "all",
      paramLabel = "WHAT",
      description = "all (but batch normalisation) or no-backbone. Default: ${DEFAULT-VALUE}.")
  private String train;

  @Option(
      names = "--backends",
      split = ",",
      defaultValue = "c,vector",
      description = "Default: ${DEFAULT-VALUE}.")
  private List<String> backends;

  @Option(
      names = "--threads",
      defaultValue = "2",
      paramLabel = "N",
      description = "Threads of every contender. Default: ${DEFAULT-VALUE}.")
  private int threads;

  @Option(
      names = "--warm-up",
      defaultValue = "3",
      paramLabel = "N",
      description = "Steps that are not counted. Default: ${DEFAULT-VALUE}.")
  private int warmUp;

  @Option(
      names = "--rounds",
      defaultValue = "7",
      paramLabel = "N",
      description = "Steps that are counted. Default: ${DEFAULT-VALUE}.")
  private int rounds;

  @Option(
      names = "--python",
      paramLabel = "FILE",
      description = "A Python with torch and transformers: PyTorch takes part.")
  private @Nullable String python;

  @Option(
      names = "--sampling",
      defaultValue = "",
      paramLabel = "DIR",
      description =
          "PyTorch once more, with the C kernel for deformable attention of this folder (weights/codes).")
  private String sampling;

  @Option(
      names = "--operations",
      description = "Say what each kind of operation takes for one image.")
  private boolean operations;

  @Option(names = "--each", description = "With --operations: every operation by its name.")
  private boolean each;

  @Option(names = "--no-memory", description = "Leave out the memory of the own backends.")
  private boolean noMemory;

  @Mixin private KeptReport report;

  /** For picocli. */
  public MeasureTraining() {}

  @Override
  public Integer call() throws IOException, InterruptedException {
    TrainingCase of = checked();
    report.begin("A step of training: " + of);
    report.print("- threads: " + threads + ", %d steps after %d".formatted(rounds, warmUp));
    report.print("");
    List<OwnTraining> own = new ArrayList<>();
    List<TorchTraining> torch = new ArrayList<>();
    try {
      for (String backend : backends) {
        own.add(new OwnTraining(of, backend, threads));
      }
      if (python != null) {
        torch.add(new TorchTraining(of, python, home(), threads, ""));
        if (!sampling.isEmpty()) {
          torch.add(new TorchTraining(of, python, home(), threads, sampling));
        }
      }
      agree(own, torch);
      measure(of, own, torch);
      phases(own);
      if (operations) {
        for (OwnTraining training : own) {
          operations(training);
        }
      }
    } finally {
      own.forEach(OwnTraining::close);
      torch.forEach(TorchTraining::close);
    }
    report.end("train-step");
    return 0;
  }

  private static Path home() {
    return Path.of(System.getProperty("detr4j.home", "."));
  }

  private TrainingCase checked() {
    check(size.matches("[1-9]\\d{1,3}x[1-9]\\d{1,3}"), "--size is as in 600x800, got " + size);
    check(train.equals("all") || train.equals("no-backbone"), "--train is all or no-backbone");
    check(
        threads >= 1 && batch >= 1 && rounds >= 1 && warmUp >= 1,
        "--threads, --batch, --rounds and --warm-up must be at least 1");
    check(
        Files.exists(model.resolve("config.json")),
        "--model " + model + ": a folder with config.json was expected");
    String[] sides = size.split("x", -1);
    return new TrainingCase(
        model.toAbsolutePath().normalize(),
        Integer.parseInt(sides[0]),
        Integer.parseInt(sides[1]),
        batch,
        TrainingCase.freezing(train));
  }

  private void check(boolean holds, String otherwise) {
    if (!holds) {
      throw new ParameterException(spec.commandLine(), otherwise);
    }
  }

  /** Makes the first step of all and compares their losses. */
  private void agree(List<OwnTraining> own, List<TorchTraining> torch) {
    own.forEach(Turn::run);
    torch.forEach(Turn::run);
    double expected = torch.isEmpty() ? own.getFirst().loss() : torch.getFirst().loss();
    for (OwnTraining training : own) {
      compare(training.name(), training.loss(), expected);
    }
    for (TorchTraining training : torch) {
      compare(training.name(), training.loss(), expected);
    }
    report.print(String.format(Locale.ROOT, "Loss of the first step of all: %.5f", expected));
    report.print("");
  }

  private static void compare(String name, double actual, double expected) {
    if (!(Math.abs(actual - expected) <= TOLERANCE * Math.abs(expected))) {
      throw new IllegalStateException(
          "%s has a loss of %s in the first step, %s was expected"
              .formatted(name, actual, expected));
    }
  }

  private void measure(TrainingCase of, List<OwnTraining> own, List<TorchTraining> torch)
      throws IOException, InterruptedException {
    List<Turn> all = new ArrayList<>(own);
    all.addAll(torch);
    List<Timings> times = new InterleavedRounds(warmUp, rounds, 100).run(all);
    double peer = torch.isEmpty() ? Double.NaN : times.get(own.size()).wall().median();
    report.print("| step | median s | from | to | processor s | of PyTorch's | peak MiB |");
    report.print("|---|---|---|---|---|---|---|");
    for (int i = 0; i < all.size(); i++) {
      Timings time = times.get(i);
      boolean ours = i < own.size();
      String name = ours ? own.get(i).name() : torch.get(i - own.size()).name();
      report.print(
          String.format(
              Locale.ROOT,
              "| %s | %.3f | %.3f | %.3f | %.3f | %s | %s |",
              name,
              time.wall().median(),
              time.wall().min(),
              time.wall().max(),
              time.cpu().median(),
              torch.isEmpty()
                  ? ""
                  : String.format(Locale.ROOT, "%.2f", time.wall().median() / peer),
              ours ? peak(of, backends.get(i)) : mebibytes(torch.get(i - own.size()).peakBytes())));
    }
  }

  private String peak(TrainingCase of, String backend) throws IOException, InterruptedException {
    return noMemory
        ? ""
        : mebibytes(
            Long.parseLong(
                ChildJvm.run(StepMemory.class, StepMemory.arguments(of, backend, threads))));
  }

  private static String mebibytes(long bytes) {
    return String.format(Locale.ROOT, "%.0f", bytes / 0x1p20);
  }

  private void phases(List<OwnTraining> own) {
    report.print("");
    StringBuilder head = new StringBuilder("| part, mean ms of a step |");
    for (OwnTraining.Phase phase : OwnTraining.Phase.values()) {
      head.append(' ').append(phase.name().toLowerCase(Locale.ROOT)).append(" |");
    }
    report.print(head + " packing in update, best of 3 | held MiB |");
    report.print("|---".repeat(OwnTraining.Phase.values().length + 3) + "|");
    for (OwnTraining training : own) {
      Map<OwnTraining.Phase, Long> before = training.phases();
      int steps = 3;
      for (int i = 0; i < steps; i++) {
        training.run();
      }
      Map<OwnTraining.Phase, Long> after = training.phases();
      StringBuilder row = new StringBuilder("| " + training.name() + " |");
      after.forEach((phase, nanos) -> {
        double mean = (nanos - before.getOrDefault(phase, 0L)) * 1e-6 / steps;
        row.append(String.format(Locale.ROOT, " %.1f |", mean));
      });
      long packing = Math.min(training.packing(), Math.min(training.packing(), training.packing()));
      report.print(
          row
              + String.format(
                  Locale.ROOT, " %.1f | %.0f |", packing * 1e-6, training.heldBytes() / 0x1p20));
    }
  }

  private void operations(OwnTraining training) {
    report.print("");
    report.print("| " + training.name() + " | operation | ms an image | share | GFLOP/s |");
    report.print("|---|---|---|---|---|");
    OwnTraining.rows(training.operations(3, each)).forEach(report::print);
  }
}
