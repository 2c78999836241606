package dev.detr4j.session;

import dev.detr4j.image.PixelSize;
import dev.detr4j.plan.GraphPlan;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The plans of one detector, which its sessions share: each input size is planned, and its
 * constants are computed, once.
 *
 * <p>Plans in use stay. Of the others the least recently used are freed as soon as there are more
 * plans than the bound, so ever new sizes take no more memory than that. Thread-safe: of sessions
 * that want the same new size at once, one plans it and the others wait; sessions that want other
 * sizes do not.
 */
public final class SharedPlans implements AutoCloseable {
  /**
   * What decides a plan.
   *
   * @param canvas the extent that all images of the batch are padded to
   * @param sizes the extent of each image without its padding
   */
  public record Key(PixelSize canvas, List<PixelSize> sizes) {
    /** Copies the list. */
    public Key {
      sizes = List.copyOf(sizes);
    }
  }

  /** A plan on loan to one session, which closes it after all that it bound. */
  public final class Lease implements AutoCloseable {
    private final Shared shared;
    private final GraphPlan plan;
    private boolean returned;

    private Lease(Shared shared, GraphPlan plan) {
      this.shared = shared;
      this.plan = plan;
    }

    /** The plan. */
    public GraphPlan plan() {
      return plan;
    }

    @Override
    public void close() {
      if (!returned) {
        returned = true;
        release(shared);
      }
    }
  }

  /** A plan with the number of those who hold or await it; guarded by the outer instance. */
  private static final class Shared {
    final Key key;
    int users;
    private volatile @Nullable GraphPlan plan;

    Shared(Key key) {
      this.key = key;
    }

    /** The plan, made by who comes first. */
    synchronized GraphPlan plan(Supplier<GraphPlan> planner) {
      GraphPlan known = plan;
      if (known == null) {
        known = planner.get();
        plan = known;
      }
      return known;
    }

    synchronized void free() {
      GraphPlan known = plan;
      plan = null;
      if (known != null) {
        known.close();
      }
    }
  }

  private final int bound;

  /** The least recently used first. */
  private final Map<Key, Shared> plans = new LinkedHashMap<>();

  /**
   * Without plans.
   *
   * @param bound how many plans are kept although nobody uses them, if no more are in use
   */
  public SharedPlans(int bound) {
    this.bound = bound;
  }

  /**
   * Lends a plan.
   *
   * @param planner makes it, if it is not there; what it throws is thrown, and nothing is kept
   */
  public Lease acquire(Key key, Supplier<GraphPlan> planner) {
    Shared shared;
    synchronized (this) {
      Shared known = plans.remove(key);
      shared = known == null ? new Shared(key) : known;
      shared.users++;
      plans.put(key, shared);
    }
    try {
      Lease lease = new Lease(shared, shared.plan(planner));
      surplus().forEach(Shared::free);
      return lease;
    } catch (Throwable e) {
      release(shared);
      throw e;
    }
  }

  private void release(Shared shared) {
    synchronized (this) {
      shared.users--;
    }
    surplus().forEach(Shared::free);
  }

  /** Takes out what is above the bound and unused, and what could not be planned. */
  private synchronized List<Shared> surplus() {
    List<Shared> out = new ArrayList<>();
    int count = plans.size();
    for (Shared each : plans.values()) {
      if (each.users == 0 && (count > bound || each.plan == null)) {
        out.add(each);
        count--;
      }
    }
    out.forEach(each -> plans.remove(each.key));
    return out;
  }

  /** The number of plans, in use or not. */
  synchronized int size() {
    return plans.size();
  }

  /** Frees all plans; the sessions have returned theirs. */
  @Override
  public void close() {
    List<Shared> all;
    synchronized (this) {
      all = List.copyOf(plans.values());
      plans.clear();
    }
    all.forEach(Shared::free);
  }
}
