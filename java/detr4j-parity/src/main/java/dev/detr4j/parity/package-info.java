/** Runs stored outputs of the original implementations against the backends. */
@NullMarked
package dev.detr4j.parity;

import org.jspecify.annotations.NullMarked;
