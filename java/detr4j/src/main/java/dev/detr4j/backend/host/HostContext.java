package dev.detr4j.backend.host;

import java.lang.foreign.Arena;

/**
 * What an operation may use while its kernels are bound.
 *
 * @param weights the packed weights of the detector
 * @param threads threads that will run the tiles: a hint for how many to cut
 * @param arena memory that lives as long as the program, for parameters and small tables
 */
public record HostContext(HostWeights weights, int threads, Arena arena) {}
