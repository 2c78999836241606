package dev.detr4j.checkpoint.pickle;

import java.util.ArrayList;
import java.util.List;

/** A list, set or frozenset inside the machine; equal only to itself. */
public final class PickleList {
  private final List<Object> items = new ArrayList<>(0);

  PickleList() {}

  /** The items, which the machine may still change. */
  public List<Object> items() {
    return items;
  }
}
