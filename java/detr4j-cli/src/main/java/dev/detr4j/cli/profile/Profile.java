package dev.detr4j.cli.profile;

import dev.detr4j.WarmUp;
import dev.detr4j.backend.BackendReport;
import dev.detr4j.backend.PeakRates;
import dev.detr4j.backend.Precision;
import dev.detr4j.profile.CallProfile;
import dev.detr4j.profile.StepTiming;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A timed model with what was measured beside it.
 *
 * @param model what ran, in words
 * @param imageWidth pixels of the image
 * @param imageHeight pixels of the image
 * @param warmUp what came before the rounds
 * @param peaks of this machine, null when they could not be measured
 * @param counted what a GPU would take by counting; null on processors
 * @param others the part of the processors that other processes took during the rounds; NaN when it
 *     is unknown
 */
public record Profile(
    String model,
    int imageWidth,
    int imageHeight,
    BackendReport backend,
    WarmUp warmUp,
    CallProfile timings,
    @Nullable PeakRates peaks,
    @Nullable CountedTime counted,
    double others) {

  /**
   * As the canonical constructor; what runs on a device is counted.
   *
   * @param precision of the products
   */
  public static Profile of(
      String model,
      int imageWidth,
      int imageHeight,
      BackendReport backend,
      Precision precision,
      WarmUp warmUp,
      CallProfile timings,
      @Nullable PeakRates peaks,
      double others) {
    CountedTime counted = timings.launches() == 0 ? null : CountedTime.of(timings, precision);
    return new Profile(
        model, imageWidth, imageHeight, backend, warmUp, timings, peaks, counted, others);
  }

  /** A step as a row. */
  ProfileRow row(StepTiming step) {
    return ProfileRow.of(step.label(), List.of(step), peaks);
  }

  /** Everything that has a step. */
  ProfileRow all() {
    return ProfileRow.of("all steps", timings.steps(), peaks);
  }

  /** The steps, the slowest first. */
  List<StepTiming> bySlowness() {
    List<StepTiming> steps = new ArrayList<>(timings.steps());
    steps.sort(Comparator.comparingDouble((StepTiming step) -> row(step).seconds()).reversed());
    return steps;
  }

  /** The steps of each stage that has some, in the order of running. */
  Map<Stage, List<StepTiming>> stages() {
    Map<Stage, List<StepTiming>> stages = new EnumMap<>(Stage.class);
    for (StepTiming step : timings.steps()) {
      stages.computeIfAbsent(Stage.of(step.label()), _ -> new ArrayList<>()).add(step);
    }
    return stages;
  }

  List<ProfileRow> stageRows() {
    List<ProfileRow> rows = new ArrayList<>();
    stages().forEach((stage, steps) -> rows.add(ProfileRow.of(stage.words(), steps, peaks)));
    return rows;
  }

  /** One row for each kind of operation, the slowest first. */
  List<ProfileRow> operationRows() {
    Map<String, List<StepTiming>> kinds = grouped(timings.steps(), Profile::kind);
    List<ProfileRow> rows = new ArrayList<>();
    kinds.forEach((kind, steps) -> rows.add(ProfileRow.of(kind, steps, peaks)));
    rows.sort(Comparator.comparingDouble(ProfileRow::seconds).reversed());
    return rows;
  }

  static Map<String, List<StepTiming>> grouped(
      List<StepTiming> steps, Function<StepTiming, String> key) {
    Map<String, List<StepTiming>> groups = new TreeMap<>();
    for (StepTiming step : steps) {
      groups.computeIfAbsent(key.apply(step), _ -> new ArrayList<>()).add(step);
    }
    return groups;
  }

  /** The name of a step's operation. */
  static String kind(StepTiming step) {
    return step.op().getClass().getSimpleName();
  }

  /** The median of the calls. */
  double callSeconds() {
    return ProfileRow.median(timings.calls().stream().sorted().toList()) / 1e9;
  }

  int rounds() {
    return timings.calls().size();
  }

  /** The batch, channels and extent that the network saw, as in {@code 1 x 3 x 800 x 1066}. */
  String networkInput() {
    int[] pixels = timings.steps().getFirst().outputs().getFirst().toArray();
    return "%d x %d x %d x %d".formatted(pixels[0], pixels[3], pixels[1], pixels[2]);
  }
}
