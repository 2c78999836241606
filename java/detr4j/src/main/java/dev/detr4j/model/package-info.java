/**
 * The model families. {@link dev.detr4j.model.ModelFamilies} is the one list of them; each family
 * has a folder here, with its configuration, tensor names, network, selection and conversion.
 *
 * <table>
 *   <caption>Rooms</caption>
 *   <tr><th>package</th><th>what</th></tr>
 *   <tr><td>{@code graph}</td><td>what a network is made of</td></tr>
 *   <tr><td>{@code family}</td><td>what a family has to offer</td></tr>
 *   <tr><td>{@code names}</td><td>tensor names of the projects</td></tr>
 *   <tr><td>{@code detr}, {@code deformable}</td><td>the families</td></tr>
 *   <tr><td>{@code resnet}, {@code convnext}</td><td>backbones that families share</td></tr>
 *   <tr><td>{@code layer}</td><td>layers that families share</td></tr>
 * </table>
 */
@NullMarked
package dev.detr4j.model;

import org.jspecify.annotations.NullMarked;
