/** DETR. */
@NullMarked
package dev.detr4j.model.detr;

import org.jspecify.annotations.NullMarked;
