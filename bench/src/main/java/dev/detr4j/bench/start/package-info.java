/** From a command to its first detection. */
@NullMarked
package dev.detr4j.bench.start;

import org.jspecify.annotations.NullMarked;
