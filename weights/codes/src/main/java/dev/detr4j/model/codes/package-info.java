/** A model that comes as a jar: its files, and a folder of them on this machine. */
@NullMarked
package dev.detr4j.model.codes;

import org.jspecify.annotations.NullMarked;
