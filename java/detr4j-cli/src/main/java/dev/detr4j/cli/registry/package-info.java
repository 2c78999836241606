/**
 * Published checkpoints: what there is, where it lies on this machine, and how it is fetched when a
 * user asks for it. Nothing here is downloaded unasked.
 */
@NullMarked
package dev.detr4j.cli.registry;

import org.jspecify.annotations.NullMarked;
