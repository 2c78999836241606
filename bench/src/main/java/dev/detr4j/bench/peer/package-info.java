/** Comparisons with other runtimes, interleaved in one process, on the same weights and input. */
@NullMarked
package dev.detr4j.bench.peer;

import org.jspecify.annotations.NullMarked;
