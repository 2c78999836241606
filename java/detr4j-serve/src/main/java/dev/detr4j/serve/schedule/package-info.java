/** Whose turn it is to compute. */
@NullMarked
package dev.detr4j.serve.schedule;

import org.jspecify.annotations.NullMarked;
