package dev.detr4j.evaluation;

/** A class of objects; its name may be any text. */
public record Category(long id, String name) {}
