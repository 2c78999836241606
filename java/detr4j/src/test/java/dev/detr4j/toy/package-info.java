/**
 * A made-up model family, in a folder of its own as a real one has it: the proof that a family
 * needs nothing but its folder and its line in a list.
 */
@NullMarked
package dev.detr4j.toy;

import org.jspecify.annotations.NullMarked;
