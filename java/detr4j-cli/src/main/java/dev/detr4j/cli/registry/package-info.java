/**
 * Published checkpoints: which ones exist, where they are on this machine, and how they are
 * fetched. Only {@code models fetch} downloads.
 */
@NullMarked
package dev.detr4j.cli.registry;

import org.jspecify.annotations.NullMarked;
