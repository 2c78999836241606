/** Steps of a training, alone and beside PyTorch. */
@NullMarked
package dev.detr4j.bench.train;

import org.jspecify.annotations.NullMarked;
