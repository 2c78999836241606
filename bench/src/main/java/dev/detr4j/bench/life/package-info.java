/** Benchmarks of what happens once: opening, new sessions, first calls, closing. */
@NullMarked
package dev.detr4j.bench.life;

import org.jspecify.annotations.NullMarked;
