package dev.detr4j.op;

/**
 * The best class of each object query, in the order of the queries: as DETR selects. The score is
 * the softmax over all logits of the query, of which the last one stands for "no object" and is
 * never the label; exponents are differences from the largest logit, taken in fp32. Among equal
 * logits the lower label counts.
 *
 * @param onlyClasses whether a query is no detection where "no object" has the larger logit
 */
public record SelectBestClasses(boolean onlyClasses) implements SelectionOp {
  @Override
  public int entries(int queries, int logits) {
    OpSpec.require(logits >= 2, "a query has 2 logits at least", logits);
    return queries;
  }
}
