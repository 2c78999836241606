package dev.detr4j.checkpoint;

import dev.detr4j.error.CheckpointException;
import dev.detr4j.error.OneLine;
import dev.detr4j.model.family.RecognisedModel;
import dev.detr4j.model.family.WeightSource;
import dev.detr4j.model.graph.DerivedWeight;
import dev.detr4j.model.names.TensorNames;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.Weight;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The weights of a checkpoint under the names of its source; reading one that is not finite is an
 * error. Does not own the checkpoint.
 */
public final class CheckpointWeights implements WeightSource {
  private final Checkpoint checkpoint;
  private final TensorNames names;
  private final String authority;
  private final Set<String> taken = new HashSet<>();
  private final IdentityHashMap<StoredTensor, Weight> weights = new IdentityHashMap<>();
  private final Map<String, Weight> blocks = new HashMap<>();

  /**
   * Weights of {@code checkpoint}, which the caller keeps open as long as weights are read and
   * closes afterwards.
   */
  public CheckpointWeights(Checkpoint checkpoint, TensorNames names) {
    this(checkpoint, names, "config.json");
  }

  /**
   * As above.
   *
   * @param authority what described the architecture, for messages
   */
  public CheckpointWeights(Checkpoint checkpoint, TensorNames names, String authority) {
    this.checkpoint = checkpoint;
    this.names = names;
    this.authority = authority;
  }

  /** The weights of a checkpoint that was recognised. */
  public static CheckpointWeights of(Checkpoint checkpoint, RecognisedModel model) {
    return new CheckpointWeights(
        checkpoint, model.names(), "the architecture inferred from the other tensors");
  }

  @Override
  public Weight get(String canonicalName, Shape expected, String reason) {
    List<String> candidates = names.candidates(canonicalName);
    List<StoredTensor> found =
        candidates.stream().map(checkpoint::find).flatMap(Optional::stream).toList();
    if (found.isEmpty()) {
      throw new CheckpointException(
          "checkpoint %s: tensor %s %s is missing; looked for %s"
              .formatted(
                  checkpoint.container(), canonicalName, expected, String.join(", ", candidates)));
    }
    TensorNames.RowBlock block = names.rows(canonicalName, found.getFirst().name());
    for (StoredTensor tensor : found) {
      check(tensor, whole(expected, names.rows(canonicalName, tensor.name())), reason);
      taken.add(tensor.name());
    }
    StoredTensor first = found.getFirst();
    for (StoredTensor copy : found.subList(1, found.size())) {
      if (copy.storedType() != first.storedType() || first.bytes().mismatch(copy.bytes()) >= 0) {
        throw new CheckpointException(
            "checkpoint %s: tensors %s and %s differ, expected two names of one tensor"
                .formatted(first.container(), first.name(), copy.name()));
      }
    }
    Weight whole = weights.computeIfAbsent(first, FiniteWeight::new);
    return block.of() == 1
        ? whole
        : blocks.computeIfAbsent(canonicalName, name -> rows(whole, block, expected.get(0)));
  }

  private static Shape whole(Shape rows, TensorNames.RowBlock block) {
    int[] extents = rows.toArray();
    extents[0] *= block.of();
    return Shape.of(extents);
  }

  private static Weight rows(Weight whole, TensorNames.RowBlock block, int count) {
    return DerivedWeight.rowRange(
        "rows " + (block.index() + 1) + "/" + block.of() + " of " + whole.name(),
        whole,
        block.index() * count,
        count);
  }

  private void check(StoredTensor tensor, Shape expected, String reason) {
    if (!tensor.shape().equals(expected)) {
      throw new CheckpointException(
          "checkpoint %s: tensor %s has shape %s, %s says %s%s"
              .formatted(
                  tensor.container(),
                  tensor.name(),
                  tensor.shape(),
                  authority,
                  expected,
                  reason.isEmpty() ? "" : " (" + reason + ")"));
    }
    if (!tensor.storedType().widens()) {
      throw new CheckpointException(
          "checkpoint %s: tensor %s holds %s elements, expected one of F32, F16, BF16, F64"
              .formatted(tensor.container(), tensor.name(), tensor.storedType()));
    }
  }

  /** Numbers in all tensors that were asked for, each counted once. */
  public long elements() {
    return weights.keySet().stream().mapToLong(tensor -> tensor.shape().elements()).sum();
  }

  @Override
  public void finish() {
    List<String> unexpected = new ArrayList<>();
    for (String name : checkpoint.names()) {
      if (!taken.contains(name) && !names.unused(name)) {
        unexpected.add(OneLine.of(name));
      }
    }
    if (!unexpected.isEmpty()) {
      int shown = Math.min(3, unexpected.size());
      throw new CheckpointException(
          "checkpoint %s: %d unexpected tensor%s: %s%s; %s describes a model without %s"
              .formatted(
                  checkpoint.container(),
                  unexpected.size(),
                  unexpected.size() == 1 ? "" : "s",
                  String.join(", ", unexpected.subList(0, shown)),
                  unexpected.size() > shown ? ", …" : "",
                  authority,
                  unexpected.size() == 1 ? "it" : "them"));
    }
  }
}
