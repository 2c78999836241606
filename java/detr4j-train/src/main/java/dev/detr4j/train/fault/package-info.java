/** What can be wrong with the data of a user, counted with examples. */
@NullMarked
package dev.detr4j.train.fault;

import org.jspecify.annotations.NullMarked;
