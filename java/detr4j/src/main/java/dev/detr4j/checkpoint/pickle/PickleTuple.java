package dev.detr4j.checkpoint.pickle;

import java.util.List;

/**
 * A tuple inside the machine. Its hash and equality are those of its items: only {@link PickleDict}
 * asks for them, and only of tuples of scalars.
 */
public record PickleTuple(List<Object> items) {}
