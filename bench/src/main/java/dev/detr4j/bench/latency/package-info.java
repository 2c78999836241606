/** How evenly calls take their time, and what sessions at once cost each other. */
@NullMarked
package dev.detr4j.bench.latency;

import org.jspecify.annotations.NullMarked;
