/** Conditional DETR: cross-attention with a spatial query of its own. */
@NullMarked
package dev.detr4j.model.conditional;

import org.jspecify.annotations.NullMarked;
