package dev.detr4j.session;

import dev.detr4j.error.ImageException;
import dev.detr4j.event.PlanBuiltEvent;
import dev.detr4j.event.Recorder;
import dev.detr4j.image.ImageView;
import dev.detr4j.image.PixelSize;
import dev.detr4j.image.Preprocessing;
import dev.detr4j.plan.GraphPlan;
import java.util.ArrayList;
import java.util.List;

/**
 * The last few input sizes of one session, each with its plan bound to the session's memory. What
 * it returns is ready for a call. Not thread-safe, as the session; finding a size that is known
 * allocates nothing.
 */
public final class SessionPlans implements AutoCloseable {
  private final SessionParts session;
  private final SizeCache<PlannedBatch> plans;

  /** Without plans. */
  public SessionPlans(SessionParts session) {
    this.session = session;
    this.plans = new SizeCache<>(session.shared().cachedSizes());
  }

  /** The plan for one input of this size, all of it image. */
  public PlannedBatch of(int width, int height) {
    for (PlannedBatch batch = plans.first(); batch != null; batch = plans.next()) {
      if (batch.fits(width, height)) {
        return ready(batch);
      }
    }
    PixelSize size = new PixelSize(width, height);
    return newPlan(new SharedPlans.Key(size, List.of(size)));
  }

  /**
   * The plan for these images.
   *
   * @throws ImageException when one cannot be brought to a size that the model takes
   */
  public PlannedBatch of(ImageView[] images) {
    for (PlannedBatch batch = plans.first(); batch != null; batch = plans.next()) {
      if (batch.fits(images)) {
        return ready(batch);
      }
    }
    SharedPlans.Key key = key(session.shared().preprocessing(), images);
    for (PlannedBatch batch = plans.first(); batch != null; batch = plans.next()) {
      if (batch.fits(key)) {
        return ready(batch);
      }
    }
    return newPlan(key);
  }

  /** What these images become. */
  static SharedPlans.Key key(Preprocessing preprocessing, ImageView... images) {
    List<PixelSize> sizes = new ArrayList<>();
    for (ImageView image : images) {
      sizes.add(preprocessing.resize().target(image.width(), image.height()));
    }
    return new SharedPlans.Key(preprocessing.canvas(sizes), sizes);
  }

  /** The entry that was found last. */
  private PlannedBatch ready(PlannedBatch found) {
    plans.useLast();
    found.bind();
    return found;
  }

  private PlannedBatch newPlan(SharedPlans.Key key) {
    PlanBuiltEvent event = Recorder.planning();
    plans.makeRoom();
    SharedPlans.Lease lease = session.shared().borrow(key, session.queue());
    GraphPlan plan = lease.plan();
    PlannedBatch batch = new PlannedBatch(session, key, plan, lease::close);
    try {
      batch.bind();
    } catch (Throwable e) {
      batch.close();
      throw e;
    }
    plans.add(batch);
    session.shared().packed().run();
    if (event != null) {
      event.built(
          session.shared().name(),
          key.sizes().size(),
          key.canvas().width(),
          key.canvas().height(),
          plan.steps(),
          plan.slabBytes() + plan.constantBytes());
    }
    return batch;
  }

  @Override
  public void close() {
    plans.close();
  }
}
