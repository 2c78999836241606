package dev.detr4j.train.recipe;

/**
 * Ends a run that no longer improves. Counts evaluations, not steps. Not thread-safe.
 *
 * <p>Its state is {@link #best}, {@link #bestEpoch} and {@link #waited}, which a checkpoint stores.
 */
public final class EarlyStopping {
  private final Rule rule;
  private double best = Double.NEGATIVE_INFINITY;
  private int bestEpoch = -1;
  private int waited;

  /**
   * When to stop.
   *
   * @param patience evaluations without improvement that end the run; 0 for never
   * @param leastGain what counts as an improvement
   */
  public record Rule(int patience, double leastGain) {
    /** A run that ends after its last epoch. */
    public static final Rule NEVER = new Rule(0, 0);

    @Override
    public String toString() {
      return patience == 0
          ? "never early"
          : "after %d epochs without %s more AP".formatted(patience, leastGain);
    }
  }

  /** Begins anew. */
  public EarlyStopping(Rule rule) {
    this.rule = rule;
  }

  /** Goes on where a checkpoint was. */
  public EarlyStopping(Rule rule, double best, int bestEpoch, int waited) {
    this.rule = rule;
    this.best = best;
    this.bestEpoch = bestEpoch;
    this.waited = waited;
  }

  /**
   * Takes the score of an evaluation; larger is better and NaN is no score.
   *
   * @return whether it is better than the best so far, by the least gain
   */
  public boolean add(int epoch, double score) {
    boolean improved = bestEpoch < 0 ? score > best : score > best + rule.leastGain();
    if (improved) {
      best = score;
      bestEpoch = epoch;
      waited = 0;
    } else {
      waited++;
    }
    return improved;
  }

  /** Whether the run should end. */
  public boolean stops() {
    return rule.patience() > 0 && waited >= rule.patience();
  }

  /** The best score, or negative infinity before the first. */
  public double best() {
    return best;
  }

  /** The epoch of the best score, or -1. */
  public int bestEpoch() {
    return bestEpoch;
  }

  /** How many evaluations ago the best score was. */
  public int waited() {
    return waited;
  }
}
