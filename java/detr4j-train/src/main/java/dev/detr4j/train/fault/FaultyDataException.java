package dev.detr4j.train.fault;

import dev.detr4j.train.TrainingException;
import dev.detr4j.train.fault.Findings.Finding;
import java.util.List;

/**
 * Training cannot begin: the data or settings have errors. The message is that of the first one.
 */
public final class FaultyDataException extends TrainingException {
  private static final long serialVersionUID = 1L;

  private final transient List<Finding> findings;

  FaultyDataException(List<Finding> findings) {
    super(message(findings));
    this.findings = findings;
  }

  private static String message(List<Finding> findings) {
    List<Finding> errors = findings.stream().filter(each -> each.fault().isError()).toList();
    String first = errors.getFirst().toString();
    return errors.size() == 1
        ? first
        : first + "; and " + (errors.size() - 1) + " other kinds of errors";
  }

  /** Everything that was found, warnings too. */
  public List<Finding> findings() {
    return findings;
  }
}
