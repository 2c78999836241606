/** Random numbers that are functions of a key and a counter, so that a run can resume anywhere. */
@NullMarked
package dev.detr4j.train.random;

import org.jspecify.annotations.NullMarked;
