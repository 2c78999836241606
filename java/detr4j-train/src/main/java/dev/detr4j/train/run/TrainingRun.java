package dev.detr4j.train.run;

import dev.detr4j.error.OneLine;
import dev.detr4j.evaluation.Annotations;
import dev.detr4j.evaluation.BoxEvaluation;
import dev.detr4j.evaluation.CocoStats;
import dev.detr4j.evaluation.Mistakes;
import dev.detr4j.evaluation.ScoredBox;
import dev.detr4j.evaluation.report.MistakesPage;
import dev.detr4j.train.TrainingException;
import dev.detr4j.train.augment.Batch;
import dev.detr4j.train.augment.BatchMaker;
import dev.detr4j.train.augment.BatchPicture;
import dev.detr4j.train.data.Dataset;
import dev.detr4j.train.export.NamedWeight;
import dev.detr4j.train.fault.Findings;
import dev.detr4j.train.match.NotFiniteException;
import dev.detr4j.train.recipe.EarlyStopping;
import java.io.IOException;
import java.io.StringWriter;
import java.lang.foreign.Arena;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The loop of a run: epochs of steps, an evaluation after each, the best model exported, the state
 * kept.
 *
 * <p>A run that was stopped or killed goes on from its last state as if nothing had happened: the
 * same bits with the same threads and backend. Losses that are not finite leave out their batch and
 * halve the rate; five in a row end the run. {@link #requestStop} may be called from any thread;
 * everything else belongs to one.
 */
public final class TrainingRun {
  private static final int MOST_FAILURES = 5;
  private static final int WORST = 50;

  /** Where the best model goes. */
  public interface Exporter {
    /**
     * Writes the model folder.
     *
     * @param metrics of the validation set, by COCO's names
     */
    void export(List<NamedWeight> weights, Map<String, Double> metrics);
  }

  /** Whoever watches. Called from the thread of the run. */
  public interface Listener {
    /** A line that replaces the one before. */
    void progress(String line);

    /** A line that stays. */
    void message(String line);

    /**
     * A step was taken.
     *
     * @param batch valid until this returns
     */
    default void stepped(long step, Batch batch, TrainingEngine.Outcome outcome) {}
  }

  /** How a run ended. */
  public enum End {
    /** After its last epoch. */
    COMPLETE,
    /** Because evaluations no longer improved. */
    NO_GAIN,
    /** Because it was asked to. */
    STOPPED
  }

  /**
   * What came out.
   *
   * @param best AP, or negative infinity when nothing was evaluated
   * @param bestEpoch counted from 0, or -1
   */
  public record Result(End end, long steps, double best, int bestEpoch) {}

  private final TrainingEngine engine;
  private final BatchMaker batches;
  private final Dataset validation;
  private final Annotations annotations;
  private final RunPlan plan;
  private final RunFolder folder;
  private final RunIdentity identity;
  private final Exporter exporter;
  private final MistakesPage.Pictures pictures;
  private final List<Findings.Finding> findings;
  private final Listener listener;

  private volatile boolean stopRequested;
  private long step;
  private int epoch;
  private int inEpoch;
  private double rateFactor = 1;
  private EarlyStopping stopping;
  private int failures;

  /**
   * Prepares a run; {@link #run} begins it.
   *
   * @param engine is not closed
   * @param validation with true sizes and boxes in pixels
   * @param pictures of the page of mistakes
   * @param findings for the report
   */
  public TrainingRun(
      TrainingEngine engine,
      BatchMaker batches,
      Dataset validation,
      RunPlan plan,
      RunFolder folder,
      RunIdentity identity,
      Exporter exporter,
      MistakesPage.Pictures pictures,
      List<Findings.Finding> findings,
      Listener listener) {
    this.engine = engine;
    this.batches = batches;
    this.validation = validation;
    this.annotations = ValidationSet.annotations(validation);
    this.plan = plan;
    this.folder = folder;
    this.identity = identity;
    this.exporter = exporter;
    this.pictures = pictures;
    this.findings = List.copyOf(findings);
    this.listener = listener;
    stopping = new EarlyStopping(plan.stopping());
  }

  /** Ends the run after the step or the validation image at hand, with its state kept. */
  public void requestStop() {
    stopRequested = true;
  }

  /**
   * Runs to the end, from the kept state where there is one.
   *
   * @throws TrainingException when it cannot go on; the last good state is kept
   */
  public Result run() {
    folder.create();
    resume();
    if (step == 0) {
      drawFirstBatch();
    }
    TrainLog log = TrainLog.open(folder.log(), step);
    long total = (long) plan.epochs() * batches.steps();
    ProgressText progress = new ProgressText(total, plan.epochs());
    End end = End.COMPLETE;
    if (epoch < plan.epochs() && !stopping.stops()) {
      try (BatchQueue queue = new BatchQueue(batches, plan.epochs(), epoch, inEpoch)) {
        end = epochs(queue, log, total, progress);
      }
    } else if (stopping.stops()) {
      end = End.NO_GAIN;
    }
    return new Result(end, step, stopping.best(), stopping.bestEpoch());
  }

  /** The best check of data that there is, before any time is spent. */
  private void drawFirstBatch() {
    try (Arena arena = Arena.ofConfined()) {
      folder.picture(
          "first-batch.png", BatchPicture.draw(batches.make(0, 0, arena), validation.classes()));
    }
  }

  private void resume() {
    StateFiles files = folder.state();
    if (!files.exists()) {
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      RunState state = files.read(arena);
      identity.resumes(state.identity()).forEach(listener::message);
      engine.restore(state.tensors(), state.tensorSteps());
      step = state.step();
      epoch = state.epoch();
      inEpoch = state.stepInEpoch();
      rateFactor = state.rateFactor();
      stopping =
          new EarlyStopping(plan.stopping(), state.best(), state.bestEpoch(), state.waited());
      listener.message("resumed after step %d, in epoch %d".formatted(step, epoch + 1));
    }
  }

  private End epochs(BatchQueue queue, TrainLog log, long total, ProgressText progress) {
    long saved = System.nanoTime();
    while (epoch < plan.epochs()) {
      while (inEpoch < batches.steps()) {
        step(queue, log, total, progress);
        inEpoch++;
        if (stopRequested) {
          save();
          return End.STOPPED;
        }
        if (System.nanoTime() - saved > plan.stateEvery().toNanos()) {
          save();
          saved = System.nanoTime();
        }
      }
      if (!evaluated(log)) {
        return End.STOPPED;
      }
      epoch++;
      inEpoch = 0;
      save();
      report(log);
      saved = System.nanoTime();
      if (stopping.stops()) {
        return End.NO_GAIN;
      }
      if (stopRequested && epoch < plan.epochs()) {
        return End.STOPPED;
      }
    }
    return End.COMPLETE;
  }

  private void step(BatchQueue queue, TrainLog log, long total, ProgressText progress) {
    long begun = System.nanoTime();
    try (BatchQueue.Made made = queue.take()) {
      step++;
      TrainingEngine.Settings settings =
          new TrainingEngine.Settings(
              step,
              plan.rate() * rateFactor * plan.schedule().factor(step, total),
              plan.average().decay(step));
      try {
        TrainingEngine.Outcome outcome = engine.step(made.batch(), settings);
        failures = 0;
        double seconds = (System.nanoTime() - begun) / 1e9;
        log.step(settings, epoch, outcome, seconds);
        listener.stepped(step, made.batch(), outcome);
        listener.progress(
            progress.after(step, epoch, outcome.losses().total(), settings.rate(), seconds));
      } catch (NotFiniteException e) {
        notFinite(e, made.batch().names(), log);
      }
    }
  }

  /** The weights are those before the step: the batch is left out and the rate halved. */
  private void notFinite(NotFiniteException e, List<String> images, TrainLog log) {
    failures++;
    rateFactor *= 0.5;
    String image =
        e.image() >= 0 && e.image() < images.size()
            ? images.get(e.image())
            : String.join(", ", images);
    String what =
        "step %d, %s: %s; the step was left out and the rate halved"
            .formatted(step, OneLine.of(image), e.getMessage());
    log.event(step, epoch, what);
    listener.message(what);
    if (failures == MOST_FAILURES) {
      inEpoch++;
      save();
      throw new TrainingException(
          "%d steps in a row were not finite, the last one was step %d (%s): the weights before them are kept in %s; check the data, or begin again with a lower rate"
              .formatted(failures, step, e.getMessage(), folder));
    }
  }

  /** A validation that was asked to stop. */
  private static final class Stopped extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Stopped() {
      super("stopped", null, false, false);
    }
  }

  /** Evaluates the epoch; false where that was stopped, with the state of the epoch's end kept. */
  private boolean evaluated(TrainLog log) {
    List<ScoredBox> found;
    try {
      found = detect();
    } catch (Stopped e) {
      save();
      return false;
    } catch (RuntimeException e) {
      // As when an image has gone: the steps were good.
      save();
      throw e;
    }
    evaluate(found, log);
    return true;
  }

  private List<ScoredBox> detect() {
    int images = validation.images().size();
    // A run that was asked before it came here gets on at least by this validation.
    boolean asked = stopRequested;
    return engine.detect(
        validation,
        done -> {
          if (stopRequested && !asked && done < images) {
            throw new Stopped();
          }
          listener.progress(
              "epoch %d/%d  validation %d/%d".formatted(epoch + 1, plan.epochs(), done, images));
        });
  }

  private void evaluate(List<ScoredBox> found, TrainLog log) {
    CocoStats stats = BoxEvaluation.of(annotations, found).stats();
    boolean best = stopping.add(epoch, stats.ap());
    log.evaluation(step, epoch, stats, best);
    if (best) {
      Map<String, Double> metrics = new LinkedHashMap<>();
      for (int i = 0; i < CocoStats.NAMES.size(); i++) {
        metrics.put(CocoStats.NAMES.get(i), stats.values().get(i));
      }
      exporter.export(engine.exported(), metrics);
      mistakes(found);
    }
    listener.message(
        "epoch %d: AP %.3f  AP50 %.3f%s"
            .formatted(epoch + 1, stats.ap(), stats.ap50(), best ? "  best so far" : ""));
  }

  private void mistakes(List<ScoredBox> found) {
    StringWriter page = new StringWriter();
    try {
      MistakesPage.write(
          "Epoch " + (epoch + 1),
          annotations,
          Mistakes.of(annotations, found),
          WORST,
          pictures,
          page);
    } catch (IOException e) {
      throw new AssertionError("writing to memory", e);
    }
    folder.text(String.valueOf(folder.mistakes().getFileName()), page.toString());
  }

  private void report(TrainLog log) {
    folder.picture("curves.png", CurvesPicture.draw(log));
    folder.text(
        "report.html",
        ReportPage.html(
            "Training: " + validation.classes().size() + " classes",
            "%d of %d epochs, %d steps".formatted(epoch, plan.epochs(), step),
            identity.parts(),
            findings,
            log,
            stopping.bestEpoch()));
  }

  private void save() {
    folder
        .state()
        .write(
            new RunState(
                step,
                epoch,
                inEpoch,
                rateFactor,
                stopping.best(),
                stopping.bestEpoch(),
                stopping.waited(),
                identity.parts(),
                engine.tensorSteps(),
                engine.state()));
  }
}
