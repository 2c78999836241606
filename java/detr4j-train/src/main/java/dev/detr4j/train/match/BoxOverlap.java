package dev.detr4j.train.match;

/**
 * The generalised IoU of two boxes (Rezatofighi et al. 2019), {@code I/U - (H - U)/H} with
 * intersection I, union U and hull H, and its gradient by the first box.
 *
 * <p>Boxes are (centre x, centre y, width, height). Kinks follow PyTorch: of two equal edges each
 * gets half of the gradient, and an overlap of exactly 0 still passes its gradient. Not
 * thread-safe: the gradient of the last call stands in a field.
 */
public final class BoxOverlap {
  private final OverlapRule rule;
  private final double[] gradient = new double[4];

  /** Makes one for a rule. */
  public BoxOverlap(OverlapRule rule) {
    this.rule = rule;
  }

  /** The generalised IoU: -1 to 1, or NaN for two boxes without area under a plain rule. */
  public double value(
      double cx, double cy, double w, double h, double tcx, double tcy, double tw, double th) {
    double x1 = cx - 0.5 * w;
    double y1 = cy - 0.5 * h;
    double x2 = cx + 0.5 * w;
    double y2 = cy + 0.5 * h;
    double tx1 = tcx - 0.5 * tw;
    double ty1 = tcy - 0.5 * th;
    double tx2 = tcx + 0.5 * tw;
    double ty2 = tcy + 0.5 * th;
    double shared =
        Math.max(Math.min(x2, tx2) - Math.max(x1, tx1), 0)
            * Math.max(Math.min(y2, ty2) - Math.max(y1, ty1), 0);
    double union = (x2 - x1) * (y2 - y1) + (tx2 - tx1) * (ty2 - ty1) - shared;
    double hull =
        Math.max(Math.max(x2, tx2) - Math.min(x1, tx1), 0)
            * Math.max(Math.max(y2, ty2) - Math.min(y1, ty1), 0);
    return switch (rule.kind()) {
      case NONE -> shared / union - (hull - union) / hull;
      case ADDED -> shared / (union + rule.epsilon()) - (hull - union) / (hull + rule.epsilon());
      case LEAST -> {
        double u = Math.max(union, rule.epsilon());
        double c = Math.max(hull, rule.epsilon());
        yield shared / u - (c - u) / c;
      }
    };
  }

  /**
   * As {@link #value}; {@link #gradient} then has the derivatives by cx, cy, w and h of the first
   * box.
   */
  public double valueAndGradient(
      double cx, double cy, double w, double h, double tcx, double tcy, double tw, double th) {
    double x1 = cx - 0.5 * w;
    double y1 = cy - 0.5 * h;
    double x2 = cx + 0.5 * w;
    double y2 = cy + 0.5 * h;
    double tx1 = tcx - 0.5 * tw;
    double ty1 = tcy - 0.5 * th;
    double tx2 = tcx + 0.5 * tw;
    double ty2 = tcy + 0.5 * th;

    double overlapX = Math.min(x2, tx2) - Math.max(x1, tx1);
    double overlapY = Math.min(y2, ty2) - Math.max(y1, ty1);
    double sharedX = Math.max(overlapX, 0);
    double sharedY = Math.max(overlapY, 0);
    double shared = sharedX * sharedY;
    double union = (x2 - x1) * (y2 - y1) + (tx2 - tx1) * (ty2 - ty1) - shared;
    double hullX = Math.max(Math.max(x2, tx2) - Math.min(x1, tx1), 0);
    double hullY = Math.max(Math.max(y2, ty2) - Math.min(y1, ty1), 0);
    double hull = hullX * hullY;

    double u = union;
    double c = hull;
    double byUnionPasses = 1;
    double byHullPasses = 1;
    if (rule.kind() == OverlapRule.Kind.LEAST) {
      u = Math.max(union, rule.epsilon());
      c = Math.max(hull, rule.epsilon());
      byUnionPasses = side(union, rule.epsilon());
      byHullPasses = side(hull, rule.epsilon());
    }
    double added = rule.kind() == OverlapRule.Kind.ADDED ? rule.epsilon() : 0;
    double quotient = 1 / (u + added);
    double byShared = quotient;
    double byUnion = (1 / (c + added) - shared * quotient * quotient) * byUnionPasses;
    double byHull = ((c - u) / (c + added) - 1) / (c + added) * byHullPasses;

    // dU = dA - dI, so the intersection counts twice and the area of the first box once.
    double byIntersection = byShared - byUnion;
    double passX = overlapX >= 0 ? byIntersection * sharedY : 0;
    double passY = overlapY >= 0 ? byIntersection * sharedX : 0;
    double byX1 = -passX * side(x1, tx1) - byUnion * (y2 - y1) - byHull * hullY * side(tx1, x1);
    double byX2 = passX * side(tx2, x2) + byUnion * (y2 - y1) + byHull * hullY * side(x2, tx2);
    double byY1 = -passY * side(y1, ty1) - byUnion * (x2 - x1) - byHull * hullX * side(ty1, y1);
    double byY2 = passY * side(ty2, y2) + byUnion * (x2 - x1) + byHull * hullX * side(y2, ty2);
    gradient[0] = byX1 + byX2;
    gradient[1] = byY1 + byY2;
    gradient[2] = 0.5 * (byX2 - byX1);
    gradient[3] = 0.5 * (byY2 - byY1);
    return shared / (u + added) - (c - u) / (c + added);
  }

  /** The derivative by part 0 to 3 (cx, cy, w, h) of the last {@link #valueAndGradient}. */
  public double gradient(int part) {
    return gradient[part];
  }

  /** What the larger of two numbers passes to the first: all, nothing, or half when equal. */
  private static double side(double first, double second) {
    return first > second ? 1 : first == second ? 0.5 : 0;
  }
}
