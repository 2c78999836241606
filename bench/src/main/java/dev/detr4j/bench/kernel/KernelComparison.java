package dev.detr4j.bench.kernel;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.BackendProvider;
import dev.detr4j.backend.BackendProviders;
import dev.detr4j.backend.BackendSelection;
import dev.detr4j.backend.BackendSettings;
import dev.detr4j.backend.PeakMeter;
import dev.detr4j.backend.PeakRates;
import dev.detr4j.backend.Precision;
import dev.detr4j.backend.VectorUnit;
import dev.detr4j.bench.kernel.ResNetConvolution.Geometry;
import dev.detr4j.bench.peer.InterleavedRounds;
import dev.detr4j.bench.peer.Timings;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Runs the cases of the targets on our backends and on the peers, interleaved. */
final class KernelComparison {
  /**
   * How to measure.
   *
   * @param backends their ids, in the order of the columns
   * @param warmUpMillis how long each contender runs ahead of the rounds
   * @param rounds how many are counted
   * @param turnMillis how long a turn takes at least, by repetition
   * @param pauseMillis rest ahead of each turn
   */
  record Settings(
      Set<Target> targets,
      List<String> backends,
      CaseSize size,
      int warmUpMillis,
      int rounds,
      int turnMillis,
      int pauseMillis) {}

  private final Settings settings;
  private final @Nullable TorchPeer torch;
  private final @Nullable ScalarSoftNms scalar;
  private final Consumer<String> progress;

  /**
   * A comparison; the peers stay open.
   *
   * @param torch null to go without
   * @param scalar null to go without
   * @param progress receives a line for each case
   */
  KernelComparison(
      Settings settings,
      @Nullable TorchPeer torch,
      @Nullable ScalarSoftNms scalar,
      Consumer<String> progress) {
    this.settings = settings;
    this.torch = torch;
    this.scalar = scalar;
    this.progress = progress;
  }

  /** What a number of threads gave. */
  record Outcome(List<String> backends, List<KernelResult> results, List<String> remarks) {}

  /**
   * All cases with so many threads.
   *
   * @throws IllegalStateException when a contender computes something else than the first
   */
  Outcome run(int threads) {
    try (Backends backends = new Backends(settings.backends, threads)) {
      if (torch != null) {
        torch.threads(threads);
      }
      Section section = new Section(backends, threads);
      for (Target target : settings.targets) {
        switch (target) {
          case DEFORMABLE_ATTENTION -> section.deformableAttention();
          case CONVOLUTIONS -> section.convolutions();
          case LINEAR_LAYERS -> section.linearLayers();
          case SOFT_NMS -> section.softNms();
        }
      }
      return new Outcome(backends.words(), section.results, section.remarks);
    }
  }

  /** Our backends with so many threads. */
  private static final class Backends implements AutoCloseable {
    private final Map<String, Backend> open = new LinkedHashMap<>();
    private final Map<String, VectorUnit> vectors = new LinkedHashMap<>();
    private final int threads;

    Backends(List<String> ids, int threads) {
      this.threads = threads;
      BackendSettings process = BackendSettings.ofProcess();
      try {
        for (String id : ids) {
          BackendOptions options = process.options(threads, null, null, Precision.FP32);
          Backend backend =
              BackendSelection.open(process.backend(BackendKind.of(id)), options).backend();
          open.put(id, backend);
          BackendProvider provider = BackendProviders.of(backend.kind()).provider();
          vectors.put(id, provider == null ? VectorUnit.WIDEST : provider.vectorUnit(options));
        }
      } catch (RuntimeException e) {
        close();
        throw e;
      }
    }

    List<String> words() {
      return open.values().stream()
          .map(backend -> backend.kind().id() + " (" + backend.instructionSet() + ")")
          .toList();
    }

    /** Measures again; the best that was seen counts. */
    void measurePeaks(Map<String, PeakRates> best, List<String> remarks) {
      PeakMeter meter = PeakMeter.ofThisJvm();
      vectors.forEach((id, unit) -> {
        String refusal = meter.refusal(unit);
        if (refusal == null) {
          best.merge(id, meter.measure(unit, threads), PeakRates::best);
        } else if (!remarks.contains(id + " has no peak: " + refusal)) {
          remarks.add(id + " has no peak: " + refusal);
        }
      });
    }

    @Override
    public void close() {
      open.values().forEach(Backend::close);
    }
  }

  /** The cases with one number of threads. */
  private final class Section {
    private final Backends backends;
    private final int threads;
    private final List<KernelResult> results = new ArrayList<>();
    private final List<String> remarks = new ArrayList<>();

    Section(Backends backends, int threads) {
      this.backends = backends;
      this.threads = threads;
    }

    void deformableAttention() {
      KernelCase kernel = MsDeformAttentionBenchmark.encoder(settings.size);
      List<KernelContender> peers = new ArrayList<>();
      if (torch != null) {
        for (String how : List.of("whole", "core")) {
          peers.add(torch.deformable(kernel, EncoderShape.levels(settings.size), how));
        }
      }
      results.add(
          compare(
              Target.DEFORMABLE_ATTENTION,
              "%,d tokens".formatted(EncoderShape.tokens(settings.size)),
              true,
              kernel,
              peers));
    }

    void convolutions() {
      Map<Geometry, Integer> times = new LinkedHashMap<>();
      for (ResNetConvolution convolution : ResNetConvolution.values()) {
        times.merge(convolution.geometry(settings.size), convolution.times(), Integer::sum);
      }
      times.forEach((geometry, count) -> {
        List<KernelContender> peers = new ArrayList<>();
        if (torch != null) {
          for (String how : List.of("eager", "packed")) {
            peers.add(torch.convolution(geometry, how));
          }
        }
        String work = count == 1 ? geometry.toString() : geometry + ", " + count + " times";
        results.add(compare(Target.CONVOLUTIONS, work, true, geometry.plain(), peers));
      });
    }

    void linearLayers() {
      Map<String, PeakRates> best = new LinkedHashMap<>();
      List<KernelResult> measured = new ArrayList<>();
      backends.measurePeaks(best, remarks);
      for (String layer : List.of("256x256", "256x1024", "1024x256")) {
        KernelCase kernel = LinearBenchmark.kernel(layer, settings.size);
        String work =
            "%,d tokens, %s".formatted(kernel.shapes().get(0).get(1), layer.replace("x", " -> "));
        measured.add(compare(Target.LINEAR_LAYERS, work, true, kernel, List.of()));
        backends.measurePeaks(best, remarks);
      }
      Map<String, Double> peaks = new LinkedHashMap<>();
      best.forEach((id, peak) -> {
        // The same loop is the same peak, whichever backend it was measured for.
        double flops =
            best.values().stream()
                .filter(other -> other.loops().equals(peak.loops()))
                .mapToDouble(PeakRates::flops)
                .max()
                .orElseThrow();
        peaks.put(id, flops);
        remarks.add("peak for %s: %.0f GFLOP/s, %s".formatted(id, flops / 1e9, peak.loops()));
      });
      for (KernelResult result : measured) {
        results.add(result.against(peaks));
      }
    }

    void softNms() {
      Set<Integer> counts = new LinkedHashSet<>();
      for (int count : List.of(100, 1_000, 10_000)) {
        counts.add(settings.size == CaseSize.REAL ? count : count / 100);
      }
      for (int count : counts) {
        KernelCase kernel = SoftNmsBenchmark.kernel(count);
        List<KernelContender> peers = new ArrayList<>();
        if (scalar != null) {
          peers.add(scalar.contender(kernel, false));
          peers.add(scalar.contender(kernel, true));
        }
        results.add(
            compare(Target.SOFT_NMS, "%,d boxes".formatted(count), count == 1_000, kernel, peers));
      }
    }

    private KernelResult compare(
        Target target,
        String work,
        boolean judged,
        KernelCase kernel,
        List<KernelContender> peers) {
      progress.accept("%s, %d threads: %s".formatted(target, threads, work));
      List<KernelContender> contenders = new ArrayList<>(peers);
      try {
        for (Backend backend : backends.open.values()) {
          contenders.add(new OwnKernel(backend, kernel));
        }
        Agreement.check(kernel, contenders);
        for (KernelContender contender : contenders) {
          contender.settle(1_000_000L * settings.warmUpMillis, 1_000_000L * settings.turnMillis);
        }
        List<Timings> timings =
            new InterleavedRounds(1, settings.rounds, settings.pauseMillis).run(contenders);
        Map<String, Timings.Series> theirs = new LinkedHashMap<>();
        Map<String, Timings.Series> ours = new LinkedHashMap<>();
        for (int i = 0; i < contenders.size(); i++) {
          (i < peers.size() ? theirs : ours).put(contenders.get(i).name(), timings.get(i).wall());
        }
        return new KernelResult(
            target, work, threads, judged, kernel.cost().flops(), theirs, ours, Map.of());
      } finally {
        contenders.forEach(KernelContender::close);
      }
    }
  }
}
