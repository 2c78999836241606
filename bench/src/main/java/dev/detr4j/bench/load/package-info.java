/** What opening a checkpoint costs, in processes of their own. */
@NullMarked
package dev.detr4j.bench.load;

import org.jspecify.annotations.NullMarked;
