/** Deformable DETR: neck, deformable encoder and decoder, learned or proposed queries. */
@NullMarked
package dev.detr4j.model.deformable;

import org.jspecify.annotations.NullMarked;
