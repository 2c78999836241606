/** Everything of a run that is settled before its first step, without a model in memory. */
@NullMarked
package dev.detr4j.train.prepare;

import org.jspecify.annotations.NullMarked;
