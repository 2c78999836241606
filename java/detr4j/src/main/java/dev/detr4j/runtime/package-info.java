/** Threads and lifetimes. */
@NullMarked
package dev.detr4j.runtime;

import org.jspecify.annotations.NullMarked;
