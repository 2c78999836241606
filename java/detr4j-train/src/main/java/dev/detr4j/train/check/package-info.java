/** What is checked of data and settings before the first step. */
@NullMarked
package dev.detr4j.train.check;

import org.jspecify.annotations.NullMarked;
