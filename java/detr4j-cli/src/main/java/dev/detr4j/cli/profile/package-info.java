/** Where the time of a model goes: sums, tables and the picture of {@code detr4j profile}. */
@NullMarked
package dev.detr4j.cli.profile;

import org.jspecify.annotations.NullMarked;
