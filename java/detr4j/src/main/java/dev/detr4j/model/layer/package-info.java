/** Layers that several architectures share. */
@NullMarked
package dev.detr4j.model.layer;

import org.jspecify.annotations.NullMarked;
