/**
 * The errors that detr4j reports on purpose, each a {@link dev.detr4j.error.Detr4jException} whose
 * message is one line, fit to show to a user. Depends on nothing, so that every room may throw
 * them.
 */
@NullMarked
package dev.detr4j.error;

import org.jspecify.annotations.NullMarked;
