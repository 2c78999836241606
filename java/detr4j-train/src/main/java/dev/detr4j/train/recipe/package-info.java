/** How projects train: rates by tensor name, decay, clipping, schedules, averages, stopping. */
@NullMarked
package dev.detr4j.train.recipe;

import org.jspecify.annotations.NullMarked;
