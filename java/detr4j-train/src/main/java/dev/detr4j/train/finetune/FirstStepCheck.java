package dev.detr4j.train.finetune;

import dev.detr4j.train.augment.Batch;
import dev.detr4j.train.check.FirstLoss;
import dev.detr4j.train.head.ClassMap;
import dev.detr4j.train.loss.BatchCounts;
import dev.detr4j.train.loss.CriterionOptions;
import dev.detr4j.train.run.TrainingEngine;
import dev.detr4j.train.run.TrainingRun;

/**
 * Passes on what a run says, and says what is odd about its first loss.
 *
 * @param watcher of the run
 * @param heads only new ones have a loss that follows from how they were made
 */
record FirstStepCheck(
    TrainingRun.Listener watcher, CriterionOptions criterion, ClassMap heads, int queries)
    implements TrainingRun.Listener {
  @Override
  public void progress(String line) {
    watcher.progress(line);
  }

  @Override
  public void message(String line) {
    watcher.message(line);
  }

  @Override
  public void stepped(long step, Batch batch, TrainingEngine.Outcome outcome) {
    if (step == 1 && heads.isNew()) {
      String odd =
          FirstLoss.oddity(
              criterion,
              outcome.losses(),
              BatchCounts.of(batch.targets(), queries),
              heads.classes().size());
      if (odd != null) {
        watcher.message("warning: " + odd);
      }
    }
    watcher.stepped(step, batch, outcome);
  }
}
