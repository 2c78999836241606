/**
 * A run: its loop over epochs, and its files. What computes a step is a {@link
 * dev.detr4j.train.run.TrainingEngine}.
 */
@NullMarked
package dev.detr4j.train.run;

import org.jspecify.annotations.NullMarked;
