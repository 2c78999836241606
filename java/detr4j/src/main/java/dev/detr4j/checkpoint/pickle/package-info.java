/**
 * A reader of Python pickles that executes nothing.
 *
 * <p>{@link dev.detr4j.checkpoint.pickle.Unpickler} is the stack machine of the format without its
 * one dangerous part: a global is a name, never something that is imported or called. A few calls
 * that only build plain data ({@code collections.OrderedDict}, {@code set}, …) are carried out by
 * the machine itself, those of a host format by its {@link
 * dev.detr4j.checkpoint.pickle.PickleHost}, and all others leave a record of what was asked for.
 * {@link dev.detr4j.checkpoint.pickle.PlainValues} turns the result into ordinary unmodifiable Java
 * values of bounded size and depth.
 *
 * <p>Nothing here knows of tensors or files; the caller puts the name of the file before the
 * message of a {@link dev.detr4j.checkpoint.pickle.PickleException}.
 */
@NullMarked
package dev.detr4j.checkpoint.pickle;

import org.jspecify.annotations.NullMarked;
