package dev.detr4j.cli.accept;

import java.util.List;

/**
 * Numbers that a project asserts, and how close one has to come: {@code |actual - expected| <= atol
 * + rtol * |expected|}, as in torch and NumPy.
 */
public sealed interface AcceptanceCheck {
  /** Who asserts it, for people. */
  String from();

  /** The relative part of the tolerance. */
  double rtol();

  /** The absolute part. */
  double atol();

  /** How far an expected number may be missed. */
  default double tolerance(double expected) {
    return atol() + rtol() * Math.abs(expected);
  }

  /**
   * The first columns of the first queries at a stage.
   *
   * @param stage as {@link dev.detr4j.DetectorSession#stages} takes it
   * @param values row after row
   */
  record Rows(String stage, int columns, List<Double> values, String from, double rtol, double atol)
      implements AcceptanceCheck {
    public Rows {
      values = List.copyOf(values);
    }

    /** The number of rows. */
    public int rows() {
      return values.size() / columns;
    }

    /** The expected element. */
    public double get(int row, int column) {
      return values.get(row * columns + column);
    }
  }

  /**
   * All detections above a threshold, in their order.
   *
   * @param scores of each
   * @param labels of each, as ids
   * @param firstBox xMin, yMin, xMax and yMax of the first, in pixels
   */
  record Found(
      double threshold,
      List<Double> scores,
      List<Integer> labels,
      List<Double> firstBox,
      String from,
      double rtol,
      double atol)
      implements AcceptanceCheck {
    public Found {
      scores = List.copyOf(scores);
      labels = List.copyOf(labels);
      firstBox = List.copyOf(firstBox);
    }
  }
}
