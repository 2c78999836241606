package dev.detr4j.train.fault;

import dev.detr4j.error.OneLine;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Faults that were found: each kind once, with its count and its first examples. Thread-safe. */
public final class Findings {
  private static final int EXAMPLES = 3;

  private final Map<Fault, Counted> found = new EnumMap<>(Fault.class);

  private static final class Counted {
    long count;
    final List<String> examples = new ArrayList<>();
  }

  /**
   * A kind of fault with its count.
   *
   * @param examples the first three, each one line
   */
  public record Finding(Fault fault, long count, List<String> examples) {
    /** Copies the list. */
    public Finding {
      examples = List.copyOf(examples);
    }

    /** One line, as in {@code error: image files that are missing: 2 (a.jpg, b.jpg)}. */
    @Override
    public String toString() {
      String text = (fault.isError() ? "error: " : "warning: ") + fault.words();
      if (examples.isEmpty()) {
        return text;
      }
      String more = count > examples.size() ? ", …" : "";
      return text + ": " + count + " (" + String.join("; ", examples) + more + ")";
    }
  }

  /** Nothing found yet. */
  public Findings() {}

  /** Counts a fault that needs no example. */
  public synchronized void add(Fault fault) {
    found.computeIfAbsent(fault, _ -> new Counted()).count++;
  }

  /** Counts a fault; the first examples are kept, made fit for one line. */
  public synchronized void add(Fault fault, String example) {
    Counted counted = found.computeIfAbsent(fault, _ -> new Counted());
    counted.count++;
    if (counted.examples.size() < EXAMPLES) {
      counted.examples.add(OneLine.of(example));
    }
  }

  /** How often a fault was found. */
  public synchronized long count(Fault fault) {
    Counted counted = found.get(fault);
    return counted == null ? 0 : counted.count;
  }

  /** Everything that was found, errors first. */
  public synchronized List<Finding> list() {
    return found.entrySet().stream()
        .map(each -> new Finding(each.getKey(), each.getValue().count, each.getValue().examples))
        .toList();
  }

  /** Whether something was found with which training cannot begin. */
  public boolean hasErrors() {
    return list().stream().anyMatch(finding -> finding.fault().isError());
  }

  /** Ends a start that found errors; does nothing otherwise. */
  public void throwIfErrors() {
    if (hasErrors()) {
      throw new FaultyDataException(list());
    }
  }

  /** One finding a line. */
  @Override
  public String toString() {
    return list().stream().map(Finding::toString).collect(Collectors.joining("\n"));
  }
}
