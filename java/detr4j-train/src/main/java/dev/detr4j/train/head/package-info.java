/** Class heads for the classes of the data: kept where names agree, made anew elsewhere. */
@NullMarked
package dev.detr4j.train.head;

import org.jspecify.annotations.NullMarked;
