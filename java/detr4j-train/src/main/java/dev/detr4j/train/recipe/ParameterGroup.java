package dev.detr4j.train.recipe;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Trained tensors with one rate and one weight decay.
 *
 * @param name of the rate rule, or {@code rest}
 * @param factor of the recipe's rate
 * @param tensors by name, in the order of the model
 */
public record ParameterGroup(String name, double factor, double weightDecay, List<String> tensors) {
  /** Copies the list. */
  public ParameterGroup {
    tensors = List.copyOf(tensors);
  }

  /**
   * Sorts the trained tensors of a model into groups. Each is in one; empty groups are left out.
   */
  public static List<ParameterGroup> of(Recipe recipe, List<String> trained) {
    Map<Key, List<String>> groups = new LinkedHashMap<>();
    for (String name : trained) {
      Key key = new Key("rest", 1, recipe.weightDecay().of(name));
      for (RateRule rule : recipe.rates()) {
        if (rule.takes(name)) {
          key = new Key(rule.group(), rule.factor(), recipe.weightDecay().of(name));
          break;
        }
      }
      groups.computeIfAbsent(key, _ -> new ArrayList<>()).add(name);
    }
    List<ParameterGroup> all = new ArrayList<>();
    groups.forEach((key, tensors) ->
        all.add(new ParameterGroup(key.name(), key.factor(), key.weightDecay(), tensors)));
    return all;
  }

  private record Key(String name, double factor, double weightDecay) {}
}
