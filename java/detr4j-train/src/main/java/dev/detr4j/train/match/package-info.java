/** Which query answers for which target: costs and the least-cost assignment. */
@NullMarked
package dev.detr4j.train.match;

import org.jspecify.annotations.NullMarked;
