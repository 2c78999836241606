package dev.detr4j.bench.kernel;

import java.util.Locale;

/** What kernels are held against, and how fast they are asked to be, as peer time / our time. */
enum Target {
  /** Deformable attention in the encoder. */
  DEFORMABLE_ATTENTION(
      "deformable attention of the encoder against PyTorch's grid_sample formulation", 30, 22),
  /** Convolutions: what is asked of the geometric mean. */
  CONVOLUTIONS("distinct convolutions of ResNet-50 against oneDNN", 1.15, 0.95),
  /** Matrix products, as a part of the peak of multiply-adds. */
  LINEAR_LAYERS("linear layers of the encoder against the peak of multiply-adds", 0.92, 0.85),
  /** Soft-NMS of 1,000 boxes. */
  SOFT_NMS("Soft-NMS against plain scalar C", 8, 5);

  /** No convolution of backend c may be slower than its peer by more than this. */
  static final double WORST_CONVOLUTION = 0.85;

  private final String title;
  private final double askedOfC;
  private final double askedOfVector;

  Target(String title, double askedOfC, double askedOfVector) {
    this.title = title;
    this.askedOfC = askedOfC;
    this.askedOfVector = askedOfVector;
  }

  /** The name on the command line and in tables, as in {@code soft-nms}. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  String title() {
    return title;
  }

  /** What is asked of a backend; 0 for backends of which nothing is. */
  double asked(String backend) {
    return switch (backend) {
      case "c" -> askedOfC;
      case "vector" -> askedOfVector;
      default -> 0;
    };
  }
}
