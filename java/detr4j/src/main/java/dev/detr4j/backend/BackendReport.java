package dev.detr4j.backend;

import java.util.List;

/**
 * The backend that runs a detector, and the reason why each other one does not.
 *
 * @param kind the backend in use; never {@link BackendKind#AUTO}
 * @param device the device in words, such as {@code 2 threads of AMD EPYC}
 * @param instructionSet the instruction set or architecture in use, such as {@code avx512}; where
 *     it has products of several precisions, also which are in use
 * @param notChosen every other backend of this build, best first
 */
public record BackendReport(
    BackendKind kind, String device, String instructionSet, List<NotChosen> notChosen) {
  /**
   * A backend that is not in use.
   *
   * @param reason one sentence, without a full stop
   */
  public record NotChosen(BackendKind kind, String reason) {}

  /** Copies the list. */
  public BackendReport {
    notChosen = List.copyOf(notChosen);
  }

  /**
   * The report as lines of text, the backend in use first, then one line for each of the others.
   */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    text.append(kind.id()).append(": ").append(instructionSet).append(" on ").append(device);
    for (NotChosen other : notChosen) {
      text.append('\n').append(other.kind.id()).append(": not chosen, ").append(other.reason);
    }
    return text.toString();
  }
}
