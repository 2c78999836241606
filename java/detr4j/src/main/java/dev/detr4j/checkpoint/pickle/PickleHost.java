package dev.detr4j.checkpoint.pickle;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the format around a pickle adds to it: the calls that make its own objects, and its
 * persistent ids. An implementation must treat every argument as hostile and execute nothing.
 */
public interface PickleHost {
  /**
   * Carries out a call of a function of the host format.
   *
   * @param arguments values of the machine, not modifiable
   * @return an object of the host format, or null when the host does not know the function, which
   *     then becomes an inert record
   */
  @Nullable Object call(PickleGlobal function, List<Object> arguments) throws PickleException;

  /** The object that a persistent id stands for. */
  Object persistent(Object id) throws PickleException;

  /** What stands for an object of the host format among plain values. */
  Object describe(Object hostObject);
}
