/** The page for people, and the description of the routes for programs. */
@NullMarked
package dev.detr4j.serve.page;

import org.jspecify.annotations.NullMarked;
