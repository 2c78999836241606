/**
 * Pictures and boxes changed by chance. What happens to image j in epoch e is a function of the
 * seed, e and j, so that a run resumes with the same pictures.
 */
@NullMarked
package dev.detr4j.train.augment;

import org.jspecify.annotations.NullMarked;
