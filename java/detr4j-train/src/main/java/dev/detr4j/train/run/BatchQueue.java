package dev.detr4j.train.run;

import dev.detr4j.train.TrainingException;
import dev.detr4j.train.augment.Batch;
import dev.detr4j.train.augment.BatchMaker;
import java.lang.foreign.Arena;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Makes the next batch while a step computes. Batches are functions of their place in the run, so
 * that this changes nothing but the time. One caller.
 */
final class BatchQueue implements AutoCloseable {
  private final BatchMaker maker;
  private final int epochs;
  private final ExecutorService worker =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().daemon().name("detr4j-batches").factory());
  private int epoch;
  private int step;
  private Future<Made> next;

  /** A batch and its memory, which whoever takes it closes. */
  record Made(Batch batch, Arena arena) implements AutoCloseable {
    @Override
    public void close() {
      arena.close();
    }
  }

  /** Begins with a step of an epoch. */
  BatchQueue(BatchMaker maker, int epochs, int epoch, int step) {
    this.maker = maker;
    this.epochs = epochs;
    this.epoch = epoch;
    this.step = step;
    next = begin();
  }

  private Future<Made> begin() {
    if (step == maker.steps()) {
      step = 0;
      epoch++;
    }
    int inEpoch = step;
    int ofRun = epoch;
    return worker.submit(() -> {
      Arena arena = Arena.ofShared();
      boolean made = false;
      try {
        Made result = new Made(maker.make(ofRun, inEpoch, arena), arena);
        made = true;
        return result;
      } finally {
        if (!made) {
          arena.close();
        }
      }
    });
  }

  /** The batch of the next step. */
  Made take() {
    try {
      Made made = next.get();
      step++;
      if (epoch + (step == maker.steps() ? 1 : 0) < epochs) {
        next = begin();
      }
      return made;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new TrainingException("interrupted while a batch was made", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException known) {
        throw known;
      }
      throw new TrainingException("a batch cannot be made: " + e.getCause(), e);
    }
  }

  @Override
  public void close() {
    worker.close();
    // What was made and not taken.
    if (next.state() == Future.State.SUCCESS && next.resultNow().arena().scope().isAlive()) {
      next.resultNow().close();
    }
  }
}
