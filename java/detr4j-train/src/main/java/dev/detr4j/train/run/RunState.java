package dev.detr4j.train.run;

import dev.detr4j.train.export.NamedWeight;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A run between two optimizer steps: with it, the rest of the run gives the same bits.
 *
 * <p>Nothing random is in it: the order of images and their changes are functions of the seed, the
 * epoch and the image.
 *
 * @param step optimizer steps so far
 * @param epoch of the next step, counted from 0
 * @param stepInEpoch of the next step, counted from 0; all steps of the epoch when its evaluation
 *     is next
 * @param rateFactor below 1 after losses that were not finite
 * @param best score of the evaluations so far; negative infinity before the first
 * @param bestEpoch of it, or -1
 * @param waited evaluations since then
 * @param identity of the run: settings, digests and versions
 * @param tensorSteps steps of each trained tensor
 * @param tensors weights, averages and moments
 */
public record RunState(
    long step,
    int epoch,
    int stepInEpoch,
    double rateFactor,
    double best,
    int bestEpoch,
    int waited,
    Map<String, String> identity,
    Map<String, Long> tensorSteps,
    List<NamedWeight> tensors) {
  /** Copies the maps and the list, not the memory of the tensors. */
  public RunState {
    identity = Collections.unmodifiableMap(new LinkedHashMap<>(identity));
    tensorSteps = Collections.unmodifiableMap(new LinkedHashMap<>(tensorSteps));
    tensors = List.copyOf(tensors);
  }
}
