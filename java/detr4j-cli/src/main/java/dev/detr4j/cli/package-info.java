/** The command line: one class per command. */
@NullMarked
package dev.detr4j.cli;

import org.jspecify.annotations.NullMarked;
